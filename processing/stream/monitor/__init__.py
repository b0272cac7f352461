"""Watches the stream: volume, distributions, missing fields, freshness, schemas, once a minute.

A micro-batch is added as a whole, by the minutes its records arrived in: reading them again after a restart
finds the same. `processing.stream.monitor.measures` has the questions.
"""

from __future__ import annotations

from processing.stream.monitor.measure import Measure, Reading, Seen
from processing.stream.monitor.measures import MEASURES
from processing.stream.monitor.monitor import Monitor

__all__ = ["MEASURES", "Measure", "Monitor", "Reading", "Seen"]
