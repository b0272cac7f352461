"""Decisions as CloudWatch metrics: one line of the log per period, in Embedded Metric Format."""

from __future__ import annotations

import asyncio
import json
import sys
import time
from dataclasses import dataclass

PERIOD_MS = 10_000
LEAST_FOR_SHARES = 50
"""A share of fewer decisions says nothing: they are counted on into the next period."""
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


@dataclass(slots=True)
class _Counts:
    decisions: int = 0
    declines: int = 0
    reviews: int = 0
    fallbacks: int = 0


class DecisionMetrics:
    """Counts decisions until the period is over.

    Every process writes its own lines under the same dimension. An alarm on the Maximum of a share
    therefore sees what a new fleet decides, however small its part of the traffic is.

    Args:
        environment: the metrics' dimension.
    """

    def __init__(self, environment: str) -> None:
        self._environment = environment
        self._began_ms: int | None = None
        self._period, self._shares = _Counts(), _Counts()
        self._slowest = 0.0

    def observe(self, decision: str, decided_by: str, latency_ms: float, *, has_model: bool) -> None:
        """A decision was made.

        Args:
            has_model: whether there is a model that could have made it; then one by the rules is a fallback.
        """
        for counts in (self._period, self._shares):
            counts.decisions += 1
            counts.declines += decision == "decline"
            counts.reviews += decision == "review"
            counts.fallbacks += has_model and decided_by == "rules"
        self._slowest = max(self._slowest, latency_ms)

    def line(self, now_ms: int) -> str | None:
        """The line of a period that is over and had decisions; None otherwise.

        Args:
            now_ms: milliseconds since 1970.
        """
        if self._began_ms is None:
            self._began_ms = now_ms
        if now_ms - self._began_ms < PERIOD_MS or not self._period.decisions:
            return None
        values = self._values()
        # Per second: an alarm of 10 or 30 seconds cannot be made on a metric of standard resolution.
        metrics = [{"Name": name, "Unit": _UNITS[name], "StorageResolution": 1} for name in values]
        directive = {"Namespace": NAMESPACE, "Dimensions": [["Environment"]], "Metrics": metrics}
        self._began_ms, self._period, self._slowest = now_ms, _Counts(), 0.0
        return json.dumps(
            {
                "_aws": {"Timestamp": now_ms, "CloudWatchMetrics": [directive]},
                "Environment": self._environment,
                "message": "decisions",
                **values,
            }
        )

    def _values(self) -> dict[str, float]:
        period, shares = self._period, self._shares
        values: dict[str, float] = {
            "Decisions": period.decisions,
            "Declines": period.declines,
            "Reviews": period.reviews,
            "Fallbacks": period.fallbacks,
            "LatencyMax": self._slowest,
        }
        if shares.decisions >= LEAST_FOR_SHARES:
            values["DeclineShare"] = round(100 * shares.declines / shares.decisions, 3)
            values["FallbackShare"] = round(100 * shares.fallbacks / shares.decisions, 3)
            self._shares = _Counts()
        return values


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
