"""Milliseconds since 1970 as the ISO-8601 text that streams and stores use."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def iso(t_ms: int) -> str:
    """``2026-03-01T12:34:56.789Z``."""
    moment = _EPOCH + timedelta(seconds=t_ms // 1000)
    # isoformat writes six decimals only when there are microseconds: add the three we want.
    return f"{moment.isoformat()[:19]}.{t_ms % 1000:03d}Z"
