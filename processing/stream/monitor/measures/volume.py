"""Volume: as many transactions as usual at this hour."""

from __future__ import annotations

from processing.stream.monitor.measure import Measure, Reading, Seen
from processing.stream.monitor.sketch import ROWS

_LEAST_EXPECTED = 100  # of fewer, half can be chance


def _look(seen: Seen) -> Reading | None:
    if seen.expected is None or seen.expected < _LEAST_EXPECTED:
        return None
    return Reading(100.0 * float(seen.recent[ROWS]) / seen.expected)


MEASURES = (
    Measure(
        "volume_percent",
        "Transactions of the last minutes are not within 50 % of what is usual at this hour",
        "Percent",
        _look,
        above=150.0,
        below=50.0,
    ),
)
