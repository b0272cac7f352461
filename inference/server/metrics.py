"""Counters of all workers, and how Prometheus reads them."""

from __future__ import annotations

import bisect
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np
from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily, Metric

from inference.answers import Answer
from inference.signals import OUTCOMES

CONTENT_TYPE = b"text/plain; version=0.0.4; charset=utf-8"

BUCKETS_S = (0.0005, 0.001, 0.002, 0.003, 0.005, 0.0075, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5)
DECISIONS = tuple(
    (decision, by) for decision in ("approve", "review", "decline") for by in ("model", "rules")
)
STATUSES = (200, 400, 404, 405, 408, 409, 413, 415, 422, 431, 500, 501, 503, 507)
_FIRST_STATUS = len(DECISIONS)
_FIRST_BUCKET = _FIRST_STATUS + len(STATUSES)
_SECONDS = _FIRST_BUCKET + len(BUCKETS_S) + 1
_FALLBACKS, _STALE, _SHED, _PENDING, _STALENESS = range(_SECONDS + 1, _SECONDS + 6)
COUNTERS = _STALENESS + 1

_DECISION_AT = {key: at for at, key in enumerate(DECISIONS)}
_STATUS_AT = {status: _FIRST_STATUS + at for at, status in enumerate(STATUSES)}


class Counters:
    """What one worker counts: its row of the board."""

    def __init__(self, row: np.ndarray[tuple[int], np.dtype[np.float64]], most_staleness_ms: float) -> None:
        self._row = row
        self._most_staleness_ms = most_staleness_ms

    def answered(self, answer: Answer) -> None:
        """A decision was made."""
        row = self._row
        row[_DECISION_AT[answer.decision, answer.decided_by]] += 1
        seconds = answer.latency_ms / 1000
        row[_FIRST_BUCKET + bisect.bisect_left(BUCKETS_S, seconds)] += 1
        row[_SECONDS] += seconds
        if answer.fallback_reason is not None:
            row[_FALLBACKS] += 1
        if answer.staleness_ms is not None:
            row[_STALENESS] = answer.staleness_ms
            if answer.staleness_ms > self._most_staleness_ms:
                row[_STALE] += 1

    def status(self, status: int) -> None:
        """A response was sent."""
        self._row[_STATUS_AT[status]] += 1

    def shed(self) -> None:
        """A request was refused because too many wait."""
        self._row[_SHED] += 1

    def pending(self, count: int) -> None:
        """Decisions that wait now."""
        self._row[_PENDING] = count


class _Collector:
    def __init__(
        self, counters: Any, model_version: str | None, extra: Mapping[str, float], adapters: Sequence[str]
    ) -> None:
        self._all, self._total = counters, counters.sum(axis=0)
        self._version = model_version or ""
        self._extra = extra
        self._adapters = adapters

    def collect(self) -> Iterator[Metric]:
        total = self._total
        decisions = CounterMetricFamily(
            "fraudline_decisions", "Decisions", labels=["decision", "decided_by", "model_version"]
        )
        for (decision, by), count in zip(DECISIONS, total, strict=False):
            decisions.add_metric([decision, by, self._version], count)
        yield decisions
        responses = CounterMetricFamily("fraudline_responses", "HTTP responses", labels=["status"])
        for status, at in _STATUS_AT.items():
            responses.add_metric([str(status)], total[at])
        yield responses
        counts = np.cumsum(total[_FIRST_BUCKET:_SECONDS])
        bounds = [*map(str, BUCKETS_S), "+Inf"]
        yield HistogramMetricFamily(
            "fraudline_decision_seconds",
            "From a request's first byte to its decision",
            buckets=list(zip(bounds, counts.tolist(), strict=True)),
            sum_value=total[_SECONDS],
        )
        yield CounterMetricFamily(
            "fraudline_fallbacks", "Decisions of the rules because something failed", value=total[_FALLBACKS]
        )
        yield CounterMetricFamily(
            "fraudline_stale",
            "Decisions on features that were too far behind",
            value=total[_STALE],
        )
        yield CounterMetricFamily("fraudline_shed", "Requests refused under overload", value=total[_SHED])
        yield GaugeMetricFamily("fraudline_pending", "Decisions that wait", value=total[_PENDING])
        yield GaugeMetricFamily(
            "fraudline_staleness_seconds",
            "How far the features of the newest decision were behind, in the worst worker",
            value=self._all[:, _STALENESS].max() / 1000,
        )
        signals = CounterMetricFamily("fraudline_signals", "Questions asked", labels=["adapter", "outcome"])
        for number, adapter in enumerate(self._adapters):
            for outcome, count in zip(OUTCOMES, total[signals_of(number)], strict=True):
                signals.add_metric([adapter, outcome], count)
        yield signals
        for name, value in self._extra.items():
            yield GaugeMetricFamily(f"fraudline_{name}", name.replace("_", " "), value=value)


def columns(adapters: int) -> int:
    """Counters of a worker that asks so many third parties."""
    return COUNTERS + adapters * len(OUTCOMES)


def signals_of(adapter: int) -> slice:
    """The counters of one third party, in the order of `OUTCOMES`."""
    first = columns(adapter)
    return slice(first, first + len(OUTCOMES))


def exposition(
    counters: Any, model_version: str | None, extra: Mapping[str, float], adapters: Sequence[str] = ()
) -> bytes:
    """The counters of all workers in Prometheus' text format.

    Args:
        counters: [workers, `columns`].
        extra: gauges of other parts, e.g. the spool, by name.
        adapters: names of the third parties that are asked.
    """
    registry = CollectorRegistry()
    registry.register(_Collector(counters, model_version, extra, adapters))
    return generate_latest(registry)
