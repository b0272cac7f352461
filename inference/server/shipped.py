"""How far the shipper has delivered the log of decisions, for the metrics."""

from __future__ import annotations

import time
from pathlib import Path

from inference.decision_log.status import read_status


def shipped(folder: Path) -> dict[str, float]:
    """Gauges by name: the age of the shipper's last word, and the counters of every sink."""
    status = read_status(folder)
    if status is None:
        return {}
    found = {"shipper_silent_seconds": max(0.0, time.time() - status.updated_at)}
    for sink, counters in status.sinks.items():
        for name, value in counters.items():
            if isinstance(value, int | float):
                found[f"log_{sink}_{name}"] = float(value)
    return found
