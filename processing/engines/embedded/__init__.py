"""The embedded engine: columnar, in memory, one process; the fastest way through a log."""

from __future__ import annotations

from processing.engines.embedded.engine import EmbeddedEngine
from processing.engines.embedded.run import run

__all__ = ["EmbeddedEngine", "run"]
