"""Completeness: required fields are there. A transaction without one is refused: no feature shows it."""

from __future__ import annotations

from processing.stream.monitor.measure import Measure, Reading, Seen
from processing.stream.monitor.sketch import REQUIRED, ROWS, missing_at

_LEAST_ROWS = 100


def _look(seen: Seen) -> Reading | None:
    rows = float(seen.recent[ROWS])
    if rows < _LEAST_ROWS:
        return None
    rates = {field: 100.0 * float(seen.recent[missing_at(field)]) / rows for field in REQUIRED}
    return Reading(max(rates.values()), rates)


MEASURES = (
    Measure(
        "missing_percent",
        "A required field is missing in more than 1 % of the transactions; the log names it",
        "Percent",
        _look,
        above=1.0,
    ),
)
