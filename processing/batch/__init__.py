"""Features of many transactions at once, by the same kernel as the stream."""

from __future__ import annotations

from processing.batch.compute import compute_features

__all__ = ["compute_features"]
