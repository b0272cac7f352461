"""Counters become differences, gauges stay what they are."""

from __future__ import annotations

import threading
from typing import Any

from processing.stream.metrics import Metrics


class CloudWatch:
    def __init__(self) -> None:
        self.put: dict[str, float] = {}

    def put_metric_data(self, Namespace: str, MetricData: list[dict[str, Any]]) -> None:  # noqa: N803
        assert Namespace == "Fraudline"
        self.put = {datum["MetricName"]: datum["Value"] for datum in MetricData}


def test_what_waits_is_put_as_it_is_and_what_happened_as_a_difference() -> None:
    figures = {"read": 10, "anomalies": 4, "labels_unmatched": 5, "lag_ms": 7}
    client = CloudWatch()
    metrics = Metrics(client, "test", lambda: figures, threading.Event())
    figures = {"read": 50, "anomalies": 6, "labels_unmatched": 3, "lag_ms": 0}
    metrics.put()
    assert client.put == {
        "read": 40, "anomalies": 2, "anomaly_rate": 5.0, "labels_unmatched": 3, "lag_ms": 0,
    }  # fmt: skip
    metrics.put()
    assert "anomaly_rate" not in client.put  # nothing was read
