"""Conditions as one Python function: a decision pays for comparisons and for nothing else.

The source holds names that this module makes (`v[12] >= K3`); texts and numbers of the policy file are
bound as its constants and are never part of it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from decimal import ROUND_CEILING, ROUND_FLOOR, Decimal
from typing import Any

from feature_groups import FEATURE_NAMES
from inference.policy.document import Condition
from inference.policy.facts import SIGNAL, Facts, SignalValue
from processing.events import Transaction

Lists = Mapping[str, frozenset[str]]
#: (transaction, vector, signals, amount in hundredths, score) -> indices of what matches, ascending.
Matcher = Callable[[Transaction, Sequence[float], Mapping[str, SignalValue], int, float], list[int]]

NAN = float("nan")
UNKNOWN_VECTOR = (NAN,) * len(FEATURE_NAMES)
NO_SIGNALS: Mapping[str, SignalValue] = {}

_TIMES = {
    "hour_of_day": "(t.timestamp_ms // 3600000 % 24)",
    "day_of_week": "((t.timestamp_ms // 86400000 + 3) % 7)",  # 1970-01-01 was a Thursday; Monday is 0
}
_OPERATORS = {"at_least": ">=", "at_most": "<=", "above": ">", "below": "<"}
#: Amounts are whole hundredths, so a limit between two of them moves to the one that means the same.
_ROUNDING = {"at_least": ROUND_CEILING, "at_most": ROUND_FLOOR, "above": ROUND_FLOOR, "below": ROUND_CEILING}


def matcher(conjunctions: Sequence[Sequence[Condition]], lists: Lists) -> Matcher:
    """A function that tells which of the conjunctions hold.

    Args:
        conjunctions: conditions that were checked; all of one have to hold.
        lists: values by name, for `in_list` and `not_in_list`.
    """
    constants = _Constants()
    lines = ["def match(t, v, s, h, p):", " m = []"]
    for index, conditions in enumerate(conjunctions):
        tests = " and ".join(_test(condition, lists, constants) for condition in conditions)
        lines.append(f" if {tests}: m.append({index})")
    lines.append(" return m")
    return _define("\n".join(lines), constants)


def value_of(fact: str, facts: Facts, score: float | None) -> float | str | None:
    """The value of a fact, for the reason that names it; None when it is not known."""
    transaction = facts.transaction
    if fact == "amount":
        return transaction.hundredths / 100.0
    if fact == "score":
        return score
    if fact in _TIMES:
        hours = transaction.timestamp_ms // 3_600_000
        return float(hours % 24 if fact == "hour_of_day" else (hours // 24 + 3) % 7)
    if fact.startswith(SIGNAL):
        return (facts.signals or NO_SIGNALS).get(fact.removeprefix(SIGNAL))
    if fact in FEATURE_NAMES:
        value = NAN if facts.vector is None else float(facts.vector[FEATURE_NAMES.index(fact)])
        return None if value != value else value
    text: str | None = getattr(transaction, fact)
    return text


class _Constants(dict[str, Any]):
    """What the function compares with, by the names that its source uses."""

    def name(self, value: object) -> str:
        name = f"K{len(self)}"
        self[name] = value
        return name


def _define(source: str, constants: _Constants) -> Matcher:
    scope: dict[str, Any] = dict(constants)
    exec(compile(source, "<policy>", "exec"), scope)  # noqa: S102 - its own source, see the module
    function: Matcher = scope["match"]
    return function


def _expression(fact: str, constants: _Constants) -> str:
    if fact == "amount":
        return "h"
    if fact == "score":
        return "p"
    if fact in _TIMES:
        return _TIMES[fact]
    if fact.startswith(SIGNAL):
        return f"s.get({constants.name(fact.removeprefix(SIGNAL))})"
    return f"v[{FEATURE_NAMES.index(fact)}]" if fact in FEATURE_NAMES else f"t.{fact}"


def _test(condition: Condition, lists: Lists, constants: _Constants) -> str:
    (test,) = condition.tests
    fact, given = condition.fact, getattr(condition, test)
    value = _expression(fact, constants)
    if test == "missing":
        return f"{value} != {value}" if fact in FEATURE_NAMES else f"{value} is None"
    if test in _OPERATORS:
        if fact == "amount":
            hundredths = (Decimal(repr(given)) * 100).to_integral_value(_ROUNDING[test])
            return f"h {_OPERATORS[test]} {constants.name(int(hundredths))}"
        compared = f"{_OPERATORS[test]} {constants.name(given)}"
        # A signal may be absent; NaN, a missing feature or score, fails every comparison by itself.
        return (
            f"(y := {value}) is not None and y {compared}"
            if fact.startswith(SIGNAL)
            else f"{value} {compared}"
        )
    values = lists[given] if test in ("in_list", "not_in_list") else frozenset(given)
    if fact == "amount":
        values = frozenset(Decimal(repr(each)) * 100 for each in given)
    name = constants.name(values)
    if test in ("one_of", "in_list"):
        return f"{value} in {name}"
    return f"(y := {value}) is not None and y == y and y not in {name}"
