"""Decisions as CloudWatch metrics: one line of the log per period, in Embedded Metric Format."""

from __future__ import annotations

import asyncio
import json
import sys
import time

PERIOD_MS = 10_000
NAMESPACE = "Fraudline"
_UNITS = {
    "Decisions": "Count",
    "Declines": "Count",
    "Reviews": "Count",
    "Fallbacks": "Count",
    "DeclineShare": "Percent",
    "FallbackShare": "Percent",
    "LatencyMax": "Milliseconds",
}


class DecisionMetrics:
    """Counts decisions until the period is over.

    Args:
        environment: the metrics' dimension.
    """

    def __init__(self, environment: str) -> None:
        self._environment = environment
        self._began_ms: int | None = None
        self._decisions = self._declines = self._reviews = self._fallbacks = 0
        self._slowest = 0.0

    def observe(self, decision: str, decided_by: str, latency_ms: float) -> None:
        """A decision was made."""
        self._decisions += 1
        self._declines += decision == "decline"
        self._reviews += decision == "review"
        self._fallbacks += decided_by == "rules"
        self._slowest = max(self._slowest, latency_ms)

    def line(self, now_ms: int) -> str | None:
        """The line of a period that is over and had decisions; None otherwise.

        Args:
            now_ms: milliseconds since 1970.
        """
        if self._began_ms is None:
            self._began_ms = now_ms
        if now_ms - self._began_ms < PERIOD_MS or not self._decisions:
            return None
        count = self._decisions
        values = {
            "Decisions": count,
            "Declines": self._declines,
            "Reviews": self._reviews,
            "Fallbacks": self._fallbacks,
            "DeclineShare": round(100 * self._declines / count, 3),
            "FallbackShare": round(100 * self._fallbacks / count, 3),
            "LatencyMax": self._slowest,
        }
        metrics = [{"Name": name, "Unit": unit} for name, unit in _UNITS.items()]
        directive = {"Namespace": NAMESPACE, "Dimensions": [["Environment"]], "Metrics": metrics}
        self._began_ms = now_ms
        self._clear()
        return json.dumps(
            {
                "_aws": {"Timestamp": now_ms, "CloudWatchMetrics": [directive]},
                "Environment": self._environment,
                "message": "decisions",
                **values,
            }
        )

    def _clear(self) -> None:
        self._decisions = self._declines = self._reviews = self._fallbacks = 0
        self._slowest = 0.0


def emit_every_period(metrics: DecisionMetrics) -> None:
    """Write the lines to standard output while the running event loop runs."""
    loop = asyncio.get_running_loop()

    def emit() -> None:
        line = metrics.line(time.time_ns() // 1_000_000)
        if line is not None:
            sys.stdout.write(line + "\n")
            sys.stdout.flush()
        loop.call_later(PERIOD_MS / 1000, emit)

    emit()
