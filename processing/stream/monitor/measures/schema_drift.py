"""Schema: a sample of the records has only fields and schema versions that are known."""

from __future__ import annotations

from processing.stream.monitor.measure import Measure, Reading, Seen
from processing.stream.monitor.sketch import SAMPLED, STRANGE


def _look(seen: Seen) -> Reading | None:
    sampled = float(seen.recent[SAMPLED])
    return Reading(100.0 * float(seen.recent[STRANGE]) / sampled) if sampled else None


MEASURES = (
    Measure(
        "schema_drift_percent",
        "Records have fields that no schema knows, or a schema version that is new; the log names them",
        "Percent",
        _look,
        above=1.0,
    ),
)
