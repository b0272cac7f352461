"""What state an alarm is in, as CloudWatch's documentation on evaluating alarms says."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from mirror.monitoring.series import Metric, Series, is_statistic

OK, ALARM, INSUFFICIENT = "OK", "ALARM", "INSUFFICIENT_DATA"
_BREACHES: dict[str, Callable[[float, float], bool]] = {
    "GreaterThanThreshold": lambda value, threshold: value > threshold,
    "GreaterThanOrEqualToThreshold": lambda value, threshold: value >= threshold,
    "LessThanThreshold": lambda value, threshold: value < threshold,
    "LessThanOrEqualToThreshold": lambda value, threshold: value <= threshold,
}


@dataclass(frozen=True, slots=True)
class Watched:
    """One metric, one statistic, so many seconds a data point."""

    metric: Metric
    statistic: str
    period_s: int


def watched(alarm: Any) -> Watched | None:
    """What an alarm of moto's watches; None for expressions and composite alarms, which nothing evaluates."""
    if alarm.rule:
        return None
    if not alarm.metric_data_queries:
        dimensions = {dimension.name: dimension.value for dimension in alarm.dimensions}
        metric = Metric.of(alarm.namespace, alarm.metric_name, dimensions)
        return Watched(metric, alarm.extended_statistic or alarm.statistic, int(alarm.period))
    if len(alarm.metric_data_queries) != 1 or alarm.metric_data_queries[0].metric_stat is None:
        return None
    stat = alarm.metric_data_queries[0].metric_stat
    dimensions = {dimension.name: dimension.value for dimension in stat.metric.dimensions}
    metric = Metric.of(stat.metric.namespace, stat.metric.metric_name, dimensions)
    return Watched(metric, stat.stat, int(stat.period))


def evaluate(alarm: Any, series: Series, now_s: float) -> None:
    """Bring an alarm into the state that its last periods put it in.

    The periods end with the present second. CloudWatch's are whole minutes, so that it is later by up to
    one period.
    """
    its = watched(alarm)
    if its is None or not is_statistic(its.statistic) or alarm.comparison_operator not in _BREACHES:
        return
    periods = int(alarm.evaluation_periods)
    values = [
        series.between(its.metric, now_s - (n + 1) * its.period_s, now_s - n * its.period_s).statistic(
            its.statistic
        )
        for n in range(periods)
    ]
    state = _state(alarm, values)
    if state is not None and state != alarm.state_value:
        alarm.update_state(*_reason(alarm, values, state), state)


def _state(alarm: Any, values: list[float | None]) -> str | None:
    """None leaves the state as it is."""
    treatment = alarm.treat_missing_data or "missing"
    breaches = _BREACHES[alarm.comparison_operator]
    present = [value for value in values if value is not None]
    if not present and treatment == "missing":
        return INSUFFICIENT
    if not present and treatment == "ignore":
        return None
    breaching = sum(breaches(value, float(alarm.threshold)) for value in present)
    if treatment == "breaching":
        breaching += len(values) - len(present)
    return ALARM if breaching >= int(alarm.datapoints_to_alarm or alarm.evaluation_periods) else OK


def _reason(alarm: Any, values: list[float | None], state: str) -> tuple[str, str]:
    points = [value for value in values if value is not None]
    text = (
        f"Threshold Crossed: {len(points)} datapoints {points} evaluated against {alarm.comparison_operator} "
        f"{alarm.threshold}: {state}"
    )
    return text, json.dumps({"recentDatapoints": points, "threshold": alarm.threshold})
