"""Distribution: every feature as it was at this hour of the last seven days."""

from __future__ import annotations

import numpy as np

from processing.stream.monitor.measure import Measure, Reading, Seen
from processing.stream.monitor.sketch import WATCHED, Sketch, distribution

_LEAST_ROWS = 1_000  # the PSI of fewer is mostly chance: about (bins - 1) / rows
_FLOOR = 1e-4


def psi(before: Sketch, now: Sketch) -> float:
    """Population stability index of two histograms, ``sum((q - p) * ln(q / p))``.

    Shares are held above 0.0001, so that an empty bin does not make it infinite.
    """
    p, q = (np.maximum(counts / max(counts.sum(), 1), _FLOOR) for counts in (before, now))
    return float(((q - p) * np.log(q / p)).sum())


def _look(seen: Seen) -> Reading | None:
    if seen.usual is None:
        return None
    values = {}
    for name in WATCHED:
        before, now = distribution(seen.usual, name), distribution(seen.recent, name)
        if min(before.sum(), now.sum()) >= _LEAST_ROWS:
            values[name] = psi(before, now)
    return Reading(max(values.values()), values) if values else None


MEASURES = (
    Measure(
        "feature_psi",
        "A feature is distributed otherwise than at this hour of the last 7 days; the log names it",
        "None",
        _look,
        above=0.25,
    ),
)
