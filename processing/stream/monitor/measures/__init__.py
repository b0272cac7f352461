"""Measures of the stream, one file each. A module that declares `MEASURES` is found by itself: its metric is
put every minute, and the stack makes an alarm of it.
"""

from __future__ import annotations

from processing.declared import declared
from processing.stream.monitor.measure import Measure

MEASURES: tuple[Measure, ...] = declared(__name__, "MEASURES")
