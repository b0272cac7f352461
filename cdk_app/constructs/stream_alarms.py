"""Alarms on what the stream job measures (Q2, F5) and on how far behind it is (F3)."""

from __future__ import annotations

from aws_cdk import Duration
from aws_cdk import aws_cloudwatch as cloudwatch
from constructs import Construct

from cdk_app.settings import Settings
from processing.stream.monitor import MEASURES

ANOMALY_ALARM_PERCENT = 5
LATE_ALARM_PERCENT = 1
LAG_ALARM_MS = 60_000
_MINUTES, _OF_MINUTES = 3, 5


class StreamAlarms(Construct):
    """Three of five minutes: one bad minute wakes nobody. A job that measures nothing is seen by its lag."""

    def __init__(self, scope: Construct, construct_id: str, *, settings: Settings) -> None:
        super().__init__(scope, construct_id)
        self._settings = settings
        self._alarm(
            "AnomalyRate",
            "anomaly-rate",
            f"More than {ANOMALY_ALARM_PERCENT} % of the transactions fail a quality check",
            self._metric("anomaly_rate", "Maximum"),
            ANOMALY_ALARM_PERCENT,
        )
        self._alarm(
            "LateRate",
            "late-rate",
            f"More than {LATE_ALARM_PERCENT} % of the transactions come too late for the stream's features",
            cloudwatch.MathExpression(
                expression="100 * late / accepted",
                using_metrics={name: self._metric(name, "Sum") for name in ("late", "accepted")},
                period=Duration.minutes(1),
                label="late, percent of transactions",
            ),
            LATE_ALARM_PERCENT,
        )
        self._alarm(
            "Lag",
            "stream-lag",
            "The stream job is more than a minute behind",
            cloudwatch.Metric(
                namespace="AWS/Kinesis",
                metric_name="GetRecords.IteratorAgeMilliseconds",
                dimensions_map={"StreamName": settings.names.stream("transactions-raw")},
                statistic="Maximum",
                period=Duration.minutes(1),
            ),
            LAG_ALARM_MS,
        )
        for measure in MEASURES:
            construct_id, name = measure.name.title().replace("_", ""), measure.name.replace("_", "-")
            self._alarm(
                construct_id, name, measure.description, self._metric(measure.name, "Maximum"), measure.above
            )
            if measure.below is not None:
                self._alarm(
                    f"{construct_id}Low",
                    f"{name}-low",
                    measure.description,
                    self._metric(measure.name, "Minimum"),
                    measure.below,
                    cloudwatch.ComparisonOperator.LESS_THAN_THRESHOLD,
                )

    def _metric(self, name: str, statistic: str) -> cloudwatch.Metric:
        return cloudwatch.Metric(
            namespace="Fraudline",
            metric_name=name,
            dimensions_map={"Environment": self._settings.environment},
            statistic=statistic,
            period=Duration.minutes(1),
        )

    def _alarm(
        self,
        construct_id: str,
        name: str,
        description: str,
        metric: cloudwatch.IMetric,
        threshold: float,
        operator: cloudwatch.ComparisonOperator = cloudwatch.ComparisonOperator.GREATER_THAN_THRESHOLD,
    ) -> None:
        cloudwatch.Alarm(
            self,
            construct_id,
            alarm_name=f"{self._settings.names.prefix}-{name}",
            alarm_description=description,
            metric=metric,
            threshold=threshold,
            evaluation_periods=_OF_MINUTES,
            datapoints_to_alarm=_MINUTES,
            comparison_operator=operator,
            treat_missing_data=cloudwatch.TreatMissingData.NOT_BREACHING,
        )
