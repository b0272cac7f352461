"""The form of a policy file; docs/policy.md describes every field."""

from __future__ import annotations

from typing import Literal

import msgspec

from inference.policy.verdict import Decision

Mode = Literal["live", "shadow"]
Applies = Literal["always", "fallback"]
Choice = Literal["realtime", "batch"]


class PolicyError(Exception):
    """A policy file cannot be used; one line per problem, each naming the rule, the field and the fix."""


class Condition(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One test of one fact; a fact that is not known fails every test but `missing`.

    Exactly one test is given. `in_list` and `not_in_list` name a list of the file.
    """

    fact: str
    at_least: float | None = None
    at_most: float | None = None
    above: float | None = None
    below: float | None = None
    one_of: tuple[float | str, ...] | None = None
    none_of: tuple[float | str, ...] | None = None
    in_list: str | None = None
    not_in_list: str | None = None
    missing: Literal[True] | None = None

    @property
    def tests(self) -> list[str]:
        """Names of the tests that are given."""
        return [name for name in TESTS if getattr(self, name) is not None]


TESTS = tuple(name for name in Condition.__struct_fields__ if name != "fact")
NUMBER_TESTS = frozenset({"at_least", "at_most", "above", "below"})
LIST_TESTS = frozenset({"in_list", "not_in_list"})


class Rule(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Decides `decision` when every condition of `when` holds.

    Attributes:
        reason: a sentence that may show facts as ``{amount}``.
        when: the first condition's fact is the feature that the answer's reason names.
        mode: a shadow rule is reported when it matches, and changes nothing.
        applies: ``fallback`` rules count only when there is no score.
    """

    id: str
    decision: Decision
    reason: str
    when: tuple[Condition, ...]
    mode: Mode = "live"
    applies: Applies = "always"


class Limits(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Probabilities from which a transaction is reviewed and declined, instead of the model's own."""

    review: float
    decline: float


class ListSource(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A named list: its values, or a text file beside the policy with one value per line."""

    values: tuple[str, ...] | None = None
    file: str | None = None


class Route(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Transactions that deserve real time: those for which every condition of `when` holds."""

    id: str
    when: tuple[Condition, ...]


class Routing(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Which transactions are decided in real time; `otherwise` is what becomes of the rest."""

    realtime: tuple[Route, ...]
    otherwise: Choice = "batch"


class Header(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A policy file without its rules, lists and routes, which are read one by one.

    Attributes:
        version: names this policy in answers and records.
        without_model: the decision when there is no score and no rule matches.
    """

    version: str
    without_model: Decision = "approve"
    thresholds: Limits | None = None
