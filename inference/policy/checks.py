"""What is wrong with a rule or a route, in words that name the field and the fix."""

from __future__ import annotations

import math
from collections.abc import Collection, Iterator, Mapping, Sequence

from inference.policy.document import LIST_TESTS, NUMBER_TESTS, TESTS, Condition, Limits, Route, Rule
from inference.policy.facts import OPTIONAL_FACTS, REQUEST_FACTS, SCORE, SIGNAL, Kind, kind_of
from inference.policy.template import facts_of
from processing.events.countries import COUNTRIES
from processing.events.currencies import DECIMALS
from processing.events.transactions import CHANNELS

_CODES: dict[str, tuple[Collection[str], str]] = {
    "country": (COUNTRIES, "an ISO 3166 alpha-2 code like 'FR'"),
    "currency": (DECIMALS, "an ISO 4217 code like 'EUR'"),
    "channel": (CHANNELS, f"one of {', '.join(CHANNELS)}"),
}


def rule_problems(rule: Rule, lists: Collection[str], signals: Mapping[str, Kind] | None) -> Iterator[str]:
    """Everything that is wrong with a rule.

    Args:
        lists: names of the file's lists.
        signals: what the configured adapters answer; None when there are none.
    """
    if not rule.id or not rule.id.isprintable() or len(rule.id) > 64:
        yield "id: give the rule an id of 1-64 printable characters"
    if not rule.when:
        yield "when: a rule without conditions would match every transaction; give it one"
    for condition in rule.when:
        for problem in condition_problems(condition, lists, signals):
            yield f"when {condition.fact}: {problem}"
        if condition.fact == SCORE and rule.applies == "fallback":
            yield 'when score: a fallback rule never has a score: write applies = "always"'
    try:
        shown = facts_of(rule.reason)
    except ValueError as error:
        yield f"reason: {error}"
        return
    # Only what a condition tests is sure to be known when the sentence is written.
    known = {condition.fact for condition in rule.when if condition.missing is None} | {"amount", "currency"}
    for name in shown:
        if name not in known:
            yield f"reason: {{{name}}} is not a fact that its conditions test"


def route_problems(route: Route, lists: Collection[str], signals: Mapping[str, Kind] | None) -> Iterator[str]:
    """Everything that is wrong with a route."""
    if not route.id:
        yield "id: give the route an id"
    if not route.when:
        yield 'when: for everything in real time, leave out the routes and write otherwise = "realtime"'
    for condition in route.when:
        if condition.fact == SCORE or condition.fact.startswith(SIGNAL):
            yield f"when {condition.fact}: routes are taken before there is a score or a signal"
            continue
        for problem in condition_problems(condition, lists, signals):
            yield f"when {condition.fact}: {problem}"


def limits_problems(limits: Limits) -> Iterator[str]:
    """What is wrong with thresholds."""
    if not 0.0 < limits.review <= limits.decline <= 1.0:
        yield (
            f"thresholds: expected 0 < review <= decline <= 1, "
            f"got review = {limits.review:g}, decline = {limits.decline:g}"
        )


def condition_problems(
    condition: Condition, lists: Collection[str], signals: Mapping[str, Kind] | None
) -> Iterator[str]:
    """What is wrong with one condition."""
    try:
        kind = kind_of(condition.fact, signals)
    except KeyError as error:
        yield str(error.args[0])
        return
    if len(condition.tests) != 1:
        given = ", ".join(condition.tests) or "none"
        yield f"give exactly one of {', '.join(TESTS)}; here are {given}"
        return
    (test,) = condition.tests
    if test == "missing":
        if condition.fact == SCORE:
            yield 'missing: write applies = "fallback" instead'
        elif condition.fact in REQUEST_FACTS and condition.fact not in OPTIONAL_FACTS:
            yield "missing: this fact is in every request"
    elif test in NUMBER_TESTS:
        if kind == "text":
            yield f"{test} does not fit a fact that is text: use one_of, none_of, in_list or not_in_list"
        elif not math.isfinite(getattr(condition, test)):
            yield f"{test}: expected a finite number"
    elif test in LIST_TESTS:
        name = getattr(condition, test)
        if kind == "number":
            yield f"{test} does not fit a fact that is a number"
        if name not in lists:
            yield f"{test}: there is no [list.{name}]; lists are {', '.join(sorted(lists)) or 'none'}"
    else:
        yield from _values_problems(condition.fact, test, getattr(condition, test), kind)


def _values_problems(fact: str, test: str, values: Sequence[float | str], kind: Kind | None) -> Iterator[str]:
    if not values:
        yield f"{test}: give at least one value"
    kinds: set[Kind] = {"text" if isinstance(value, str) else "number" for value in values}
    if kind is None and len(kinds) > 1:
        yield f"{test}: text and numbers are mixed"
    elif kind is not None and kinds - {kind}:
        yield f"{test}: this fact is {'text' if kind == 'text' else 'a number'}, and so must be its values"
    elif fact in _CODES:
        known, expected = _CODES[fact]
        for value in values:
            if value not in known:
                yield f"{test}: {value!r} is unknown: use {expected}"
