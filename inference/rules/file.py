"""The rules file: its form, and the checks it passes before the server starts."""

from __future__ import annotations

import string
from pathlib import Path
from typing import Literal

import msgspec

from feature_groups import FEATURE_NAMES

#: Facts every request has; features of the model are facts too once the feature store was read.
REQUEST_FACTS = frozenset({"amount", "currency", "country", "device", "channel"})
TEXT_FACTS = frozenset({"currency", "country", "device", "channel"})
KNOWN_FACTS = REQUEST_FACTS | frozenset(FEATURE_NAMES)


class RulesError(Exception):
    """The rules file cannot be used; the message names the rule, the field and the fix."""


class Condition(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One comparison; a fact that is not known makes it false. Exactly one test is given."""

    fact: str
    at_least: float | None = None
    at_most: float | None = None
    one_of: tuple[str, ...] | None = None
    none_of: tuple[str, ...] | None = None


class Rule(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Decides `decision` when every condition of `when` holds.

    `reason` may show facts as ``{amount}``; `when[0].fact` is the feature the answer names.
    """

    id: str
    decision: Literal["review", "decline"]
    reason: str
    when: tuple[Condition, ...]


class RulesFile(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A versioned list of rules."""

    version: str
    rule: tuple[Rule, ...]


def load(path: Path) -> RulesFile:
    """Read and check a rules file (TOML).

    Raises:
        RulesError: the file is missing or breaks a rule of its own.
    """
    try:
        rules = msgspec.toml.decode(path.read_bytes(), type=RulesFile)
    except OSError as error:
        raise RulesError(f"{path}: {error.strerror}") from error
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise RulesError(f"{path}: {error}") from error
    if not rules.version:
        raise RulesError(f"{path}: version: give the file a version")
    seen: set[str] = set()
    for rule in rules.rule:
        for problem in _problems(rule):
            raise RulesError(f"{path}: rule {rule.id!r}: {problem}")
        if rule.id in seen:
            raise RulesError(f"{path}: rule {rule.id!r}: the id is used twice")
        seen.add(rule.id)
    return rules


def _problems(rule: Rule) -> list[str]:
    problems = []
    if not rule.id:
        problems.append("id: give the rule an id")
    if not rule.when:
        problems.append("when: a rule without conditions would match every transaction")
    for condition in rule.when:
        problems += _condition_problems(condition)
    try:
        shown = [name for _, name, _, _ in string.Formatter().parse(rule.reason) if name is not None]
    except ValueError as error:
        return [*problems, f"reason: {error}"]
    # Only facts a condition tests are sure to be known when the sentence is written.
    tested = {condition.fact for condition in rule.when} | {"amount", "currency"}
    problems += [
        f"reason: {{{name}}} is not a fact its conditions test" for name in shown if name not in tested
    ]
    return problems


def _condition_problems(condition: Condition) -> list[str]:
    where = f"when {condition.fact}"
    if condition.fact not in KNOWN_FACTS:
        return [f"{where}: unknown fact; request facts are {', '.join(sorted(REQUEST_FACTS))}"]
    tests = ("at_least", "at_most", "one_of", "none_of")
    given = [test for test in tests if getattr(condition, test) is not None]
    if len(given) != 1:
        return [f"{where}: give exactly one of {', '.join(tests)}, not {len(given)}"]
    wants_text = given[0] in ("one_of", "none_of")
    if wants_text != (condition.fact in TEXT_FACTS):
        kind = "text" if condition.fact in TEXT_FACTS else "a number"
        return [f"{where}: {given[0]} does not fit a fact that is {kind}"]
    return []
