"""A past decision as lines for a terminal."""

from __future__ import annotations

from collections.abc import Iterator

from inference.decision_log.explanation import parts
from inference.decision_log.past import PastDecision

_BAR = 24


def lines(past: PastDecision, *, features: bool = False) -> Iterator[str]:
    """The decision, its reasons and what it was made with.

    Args:
        features: also every feature, with what it added to the score.
    """
    yield parts.outcome(past)
    yield ""
    yield from _reasons(past)
    yield from _named(parts.facts(past))
    if said := parts.signals(past):
        yield ""
        yield "signals"
        yield from _named(said)
    if features and past.features is not None:
        yield ""
        yield from _features(past)


def _reasons(past: PastDecision) -> Iterator[str]:
    for number, reason in enumerate(past.reasons, 1):
        moved = parts.direction(reason)
        yield f"  {number}. {reason.text}{f'  [{moved}]' if moved else ''}"
    if past.reasons:
        yield ""


def _named(rows: list[tuple[str, str]]) -> Iterator[str]:
    width = max(len(name) for name, _ in rows)
    for name, value in rows:
        yield f"  {name:<{width}}  {value}"


def _features(past: PastDecision) -> Iterator[str]:
    assert past.features is not None
    strongest = parts.strongest(past)
    moved = {one.feature: one for one in strongest}
    rest = [name for name in past.features if name not in moved]
    width = max(map(len, past.features))
    most = max((abs(one.contribution) for one in strongest), default=1.0)
    for name in [*moved, *rest]:
        value = past.features.get(name)
        written = "missing" if value is None else f"{value:.6g}"
        one = moved.get(name)
        bar = (
            ""
            if one is None
            else ("+" if one.contribution > 0 else "-") * max(1, round(_BAR * abs(one.contribution) / most))
        )
        added = "" if one is None else f"{one.contribution:+.4f}"
        yield f"  {name:<{width}}  {written:>12}  {added:>9}  {bar}".rstrip()
    if past.bias is not None:
        yield f"  {'(without any feature)':<{width}}  {'':>12}  {past.bias:+.4f}"
