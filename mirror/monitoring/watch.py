"""The clock of one mirror's CloudWatch: it gathers what endpoints measured and evaluates every alarm."""

from __future__ import annotations

import logging
import threading
import time
from collections import defaultdict
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from moto.cloudwatch.models import MetricAggregatedDatum, MetricDatum, cloudwatch_backends

from mirror.cloud import Cloud
from mirror.monitoring.alarms import evaluate
from mirror.monitoring.emf import metrics_of
from mirror.monitoring.series import KEPT_S, Metric, Series, Summary

log = logging.getLogger(__name__)

_TICK_S = 1.0
_FORGET_EVERY_S = 60.0
#: How long CloudWatch answers with what was measured.
_DATA_KEPT_S = 24 * 3600


class _Ours(MetricAggregatedDatum):
    """A datum that the mirror itself gave to moto: the series have it already."""


class Watch(threading.Thread):
    """Series of every region, and the thread that keeps the alarms up to date."""

    def __init__(self, cloud: Cloud) -> None:
        super().__init__(name="cloudwatch", daemon=True)
        self._cloud = cloud
        self._stopping = threading.Event()
        self._series: defaultdict[str, Series] = defaultdict(Series)
        self._read: dict[str, int] = {}
        self._forgot_at = time.monotonic()

    def add(self, region: str, metric: Metric, values: Summary, at_s: float | None = None) -> None:
        """What the mirror measured: for alarms at once, and for whoever asks CloudWatch.

        Args:
            at_s: seconds since 1970; None for now.
        """
        moment = time.time() if at_s is None else at_s
        self._series[region].add(metric, values, moment)
        dimensions = [{"Name": name, "Value": value} for name, value in metric.dimensions]
        # moto compares with naive UTC times.
        self._backend(region).metric_data.append(
            _Ours(
                metric.namespace,
                metric.name,
                values.low,
                values.high,
                values.count,
                values.total,
                dimensions,
                _naive(moment),
            )
        )

    def line(self, region: str, text: str) -> None:
        """A line of a container's log, which may hold metrics."""
        for metric, values, at_s in metrics_of(text):
            self.add(region, metric, Summary.of(values), at_s)

    def run(self) -> None:
        """Evaluate until `stop`."""
        while not self._stopping.wait(_TICK_S):
            try:
                self.tick()
            except Exception:  # the clock outlives an alarm it cannot handle
                log.exception("tick")

    def tick(self) -> None:
        """Gather and evaluate once."""
        from mirror.endpoints.hosting import hosting

        for (region, endpoint, variant), meter in list(hosting(self._cloud).meters.items()):
            dimensions = {"EndpointName": endpoint, "VariantName": variant}
            for name, values in meter.drain().items():
                self.add(region, Metric.of("AWS/SageMaker", name, dimensions), values)
        now_s = time.time()
        for region, backend in list(cloudwatch_backends[self._cloud.account].items()):
            self._ingest(region, backend)
            for alarm in list(backend.alarms.values()):
                evaluate(alarm, self._series[region], now_s)
        if time.monotonic() - self._forgot_at > _FORGET_EVERY_S:
            self._forgot_at = time.monotonic()
            self._forget(now_s)

    def stop(self) -> None:
        """End the thread."""
        self._stopping.set()
        self.join()

    def _forget(self, now_s: float) -> None:
        for series in list(self._series.values()):
            series.forget(now_s - KEPT_S)
        for region, backend in list(cloudwatch_backends[self._cloud.account].items()):
            data, old = backend.metric_data, 0
            while old < len(data) and _seconds(data[old].timestamp) < now_s - _DATA_KEPT_S:
                old += 1
            del data[:old]  # one step, also for threads that append
            self._read[region] = max(0, self._read.get(region, 0) - old)

    def _ingest(self, region: str, backend: Any) -> None:
        """What clients gave to moto with PutMetricData since the last time."""
        data = backend.metric_data
        start = self._read.get(region, 0)
        self._read[region] = len(data)
        for datum in data[min(start, len(data)) :]:
            if isinstance(datum, _Ours):
                continue
            dimensions = {dimension.name: dimension.value for dimension in datum.dimensions}
            metric = Metric.of(datum.namespace, datum.name, dimensions)
            if isinstance(datum, MetricDatum):
                values = Summary.of([datum.value])
            else:
                values = Summary(datum.sample_count, datum.sum, datum.min, datum.max)
            self._series[region].add(metric, values, _seconds(datum.timestamp))

    def _backend(self, region: str) -> Any:
        return cloudwatch_backends[self._cloud.account][region]


def _naive(at_s: float) -> datetime:
    return datetime.fromtimestamp(at_s, UTC).replace(tzinfo=None)


def _seconds(moment: datetime) -> float:
    return (moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment).timestamp()


_watches: dict[Path, Watch] = {}
_lock = threading.Lock()


def watch(cloud: Cloud) -> Watch:
    """The one `Watch` of a mirror."""
    with _lock:
        if cloud.state_dir not in _watches:
            _watches[cloud.state_dir] = Watch(cloud)
        return _watches[cloud.state_dir]


def forget(cloud: Cloud) -> None:
    """Drop the mirror's `Watch` after it stopped."""
    _watches.pop(cloud.state_dir, None)
