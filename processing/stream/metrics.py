"""Counters as CloudWatch metrics, once a minute."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Mapping
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from processing.stream.counters import COUNTERS, GAUGES
from processing.stream.monitor import Measure, Reading

_log = logging.getLogger(__name__)
NAMESPACE = "Fraudline"
PERIOD_S = 60.0


def data_points(environment: str, now: Mapping[str, int], before: Mapping[str, int]) -> list[dict[str, Any]]:
    """What was counted between two readings of the counters, the share of anomalies, gauges and the lag.

    Args:
        now: counters, and ``lag_ms`` where it is known.
        before: the counters as they were put last; one that is absent was 0.
    """
    dimensions = [{"Name": "Environment", "Value": environment}]

    def since(name: str) -> int:
        return now.get(name, 0) - before.get(name, 0)

    def datum(name: str, value: float, unit: str) -> dict[str, Any]:
        return {"MetricName": name, "Value": value, "Unit": unit, "Dimensions": dimensions}

    data = [
        datum(name, now[name] if name in GAUGES else since(name), "Count") for name in COUNTERS if name in now
    ]
    if "lag_ms" in now:
        data.append(datum("lag_ms", now["lag_ms"], "Milliseconds"))
    if since("read"):
        data.append(datum("anomaly_rate", 100.0 * since("anomalies") / since("read"), "Percent"))
    return data


def measurements(environment: str, measured: Mapping[Measure, Reading]) -> list[dict[str, Any]]:
    """A data point for each measure that could be told."""
    dimensions = [{"Name": "Environment", "Value": environment}]
    return [
        {"MetricName": measure.name, "Value": reading.value, "Unit": measure.unit, "Dimensions": dimensions}
        for measure, reading in measured.items()
    ]


def put(client: Any, data: list[dict[str, Any]]) -> bool:
    """Put data points; a failure is logged and returns False."""
    try:
        client.put_metric_data(Namespace=NAMESPACE, MetricData=data)
    except (ClientError, BotoCoreError) as error:
        _log.warning("metrics could not be put: %s", error)
        return False
    return True


class Metrics:
    """A thread that puts `data_points` once a minute.

    Args:
        client: a CloudWatch client.
        read: the counters now, with ``lag_ms``.
        measure: what the monitor tells of the last minutes.
    """

    def __init__(
        self,
        client: Any,
        environment: str,
        read: Callable[[], Mapping[str, int]],
        stop: threading.Event,
        measure: Callable[[], Mapping[Measure, Reading]] = dict,
    ) -> None:
        self._client, self._environment, self._read, self._stop = client, environment, read, stop
        self._measure = measure
        self._sent = dict(read())
        self._thread = threading.Thread(target=self._run, name="metrics", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def _run(self) -> None:
        while not self._stop.wait(PERIOD_S):
            self.put()

    def put(self) -> None:
        """Send one data point per counter; when that fails, its counts go with the next."""
        now = dict(self._read())
        data = data_points(self._environment, now, self._sent) + measurements(
            self._environment, self._measure()
        )
        if put(self._client, data):
            self._sent = now
