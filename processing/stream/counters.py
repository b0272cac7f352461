"""What the consumer counts.

Transactions add up: read = accepted + duplicates + schema-errors + incomplete + processing-errors. So do
labels: labels_read = labels_accepted + labels_duplicates + labels_unmatched + labels_expired +
labels_rejected.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path

from processing.stream import quality

REJECTIONS = ("schema-errors", "incomplete", "processing-errors")

# `late` transactions are among the accepted: kept in the lake, not applied to features.
COUNTERS = (
    "read",
    "accepted",
    "duplicates",
    *REJECTIONS,
    "late",
    "labels_read",
    "labels_accepted",
    "labels_duplicates",
    "labels_unmatched",
    "labels_expired",
    "labels_rejected",
    *quality.COUNTERS,
)

# How many there are now, not how many there were: labels whose transaction has yet to come.
GAUGES = frozenset({"labels_unmatched"})


def fresh(stored: Mapping[str, int]) -> dict[str, int]:
    """Every counter, continued from what was stored."""
    return {name: stored.get(name, 0) for name in COUNTERS}


def added(before: Mapping[str, int], *increments: Mapping[str, int]) -> dict[str, int]:
    """The counters after some increments."""
    after = dict(before)
    for increment in increments:
        for name, count in increment.items():
            after[name] += count
    return after


def export(path: Path, counters: Mapping[str, int]) -> None:
    """Write counters as JSON so that a reader never sees half a file."""
    temporary = path.with_suffix(".tmp")
    temporary.write_text(json.dumps(counters))
    temporary.replace(path)
