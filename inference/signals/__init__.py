"""Signals of third parties: asked within a budget, checked, and never in the way (docs/signals.md)."""

from __future__ import annotations

from inference.signals.adapter import Adapter
from inference.signals.asking import Asker
from inference.signals.counters import OUTCOMES, Counters
from inference.signals.document import SignalsError, SignalsFile, load
from inference.signals.gathering import Gathered, Signals
from inference.signals.opening import create
from inference.signals.outputs import NonsenseError, Output, SignalError

__all__ = [
    "OUTCOMES",
    "Adapter",
    "Asker",
    "Counters",
    "Gathered",
    "NonsenseError",
    "Output",
    "SignalError",
    "Signals",
    "SignalsError",
    "SignalsFile",
    "create",
    "load",
]
