"""Counters as CloudWatch metrics, once a minute."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Mapping
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from processing.stream.counters import COUNTERS, GAUGES

_log = logging.getLogger(__name__)
NAMESPACE = "Fraudline"
_PERIOD_S = 60.0


class Metrics:
    """A thread that puts what was counted since the last time, the share of anomalies, gauges and the lag.

    Args:
        client: a CloudWatch client.
        read: the counters now, with ``lag_ms``.
    """

    def __init__(
        self, client: Any, environment: str, read: Callable[[], Mapping[str, int]], stop: threading.Event
    ) -> None:
        self._client, self._read, self._stop = client, read, stop
        self._dimensions = [{"Name": "Environment", "Value": environment}]
        self._sent = dict(read())
        self._thread = threading.Thread(target=self._run, name="metrics", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def _run(self) -> None:
        while not self._stop.wait(_PERIOD_S):
            self.put()

    def put(self) -> None:
        """Send one data point per counter; a failure is logged and its counts go with the next."""
        now = dict(self._read())
        data = [
            self._datum(name, now[name] if name in GAUGES else self._since(now, name), "Count")
            for name in COUNTERS
            if name in now
        ]
        data.append(self._datum("lag_ms", now.get("lag_ms", 0), "Milliseconds"))
        read = self._since(now, "read")
        if read:
            data.append(self._datum("anomaly_rate", 100.0 * self._since(now, "anomalies") / read, "Percent"))
        try:
            self._client.put_metric_data(Namespace=NAMESPACE, MetricData=data)
        except (ClientError, BotoCoreError) as error:
            _log.warning("metrics could not be put: %s", error)
            return
        self._sent = now

    def _since(self, now: Mapping[str, int], name: str) -> int:
        return now.get(name, 0) - self._sent.get(name, 0)

    def _datum(self, name: str, value: float, unit: str) -> dict[str, Any]:
        return {"MetricName": name, "Value": value, "Unit": unit, "Dimensions": self._dimensions}
