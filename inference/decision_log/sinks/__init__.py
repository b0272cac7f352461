"""Where decisions are delivered to; one file for each kind of place."""

from __future__ import annotations

from inference.decision_log.sinks.sink import Sink, UnacceptableError, UnavailableError

__all__ = ["Sink", "UnacceptableError", "UnavailableError"]
