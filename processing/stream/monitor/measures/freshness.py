"""Freshness: how long after the event its features are computed."""

from __future__ import annotations

from processing.stream.monitor.measure import Measure, Reading, Seen


def _look(seen: Seen) -> Reading | None:
    return None if seen.freshness_ms is None else Reading(seen.freshness_ms)


MEASURES = (
    Measure(
        "freshness_ms",
        "Transactions are more than a minute old when they are processed (95 % are younger than this)",
        "Milliseconds",
        _look,
        above=60_000.0,
    ),
)
