"""Metrics that a container writes into its log: CloudWatch's Embedded Metric Format."""

from __future__ import annotations

import json
from collections.abc import Iterator

from mirror.monitoring.series import Metric

_MARK = '"_aws"'


def metrics_of(line: str) -> Iterator[tuple[Metric, list[float], float]]:
    """Every metric in a line of a log: the metric, its values and their time in seconds since 1970.

    A line that is no valid document of the format is a line of a log and nothing more, as for CloudWatch.
    """
    if _MARK not in line:
        return
    try:
        document = json.loads(line)
        at_s = document["_aws"]["Timestamp"] / 1000
        for directive in document["_aws"]["CloudWatchMetrics"]:
            for names in directive["Dimensions"]:
                dimensions = {name: str(document[name]) for name in names}
                for definition in directive["Metrics"]:
                    if (value := document.get(definition["Name"])) is None:
                        continue
                    values = [float(item) for item in (value if isinstance(value, list) else [value])]
                    yield Metric.of(directive["Namespace"], definition["Name"], dimensions), values, at_s
    except (ValueError, KeyError, TypeError):
        return
