"""What sends a new fleet's traffic back: errors, latency, and a mix of decisions that cannot be right."""

from __future__ import annotations

from typing import Any

from aws_cdk import Duration
from aws_cdk import aws_cloudwatch as cloudwatch
from constructs import Construct

from cdk_app.settings import Settings

NAMESPACE = "Fraudline"
"""Of the metrics that the server itself publishes, in the lines of its log (inference/server/emf.py)."""


class RollbackAlarms(Construct):
    """Four alarms on the endpoint.

    Every server process publishes its own shares of decisions, so the maximum over processes is that of
    the fleet that decides worst: a canary with a tenth of the traffic is seen undiluted.
    """

    def __init__(self, scope: Construct, construct_id: str, *, settings: Settings, variant: str) -> None:
        super().__init__(scope, construct_id)
        self._settings, self._variant = settings, variant
        self.alarms = [
            self._alarm(
                "ServerErrors",
                "The endpoint fails requests",
                metric=self._endpoint_metric("Invocation5XXErrors", "Sum"),
                threshold=settings.rollout_most_errors,
            ),
            self._alarm(
                "SlowDecisions",
                f"One answer in a hundred takes longer than {settings.rollout_slowest_p99_ms} ms",
                metric=self._endpoint_metric("ModelLatency", "p99"),
                threshold=settings.rollout_slowest_p99_ms * 1000,
            ),
            self._alarm(
                "ManyDeclines",
                f"A server declines more than {settings.rollout_most_declined_percent} % of what it decides",
                metric=self._decision_metric("DeclineShare"),
                threshold=settings.rollout_most_declined_percent,
                periods=1,
            ),
            self._alarm(
                "ManyFallbacks",
                "The rules replace the model in more than "
                f"{settings.rollout_most_fallback_percent} % of what a server decides",
                metric=self._decision_metric("FallbackShare"),
                threshold=settings.rollout_most_fallback_percent,
                periods=1,
            ),
        ]

    def _endpoint_metric(self, name: str, statistic: str) -> cloudwatch.Metric:
        dimensions = {"EndpointName": self._settings.names.endpoint, "VariantName": self._variant}
        return self._metric("AWS/SageMaker", name, dimensions, statistic)

    def _decision_metric(self, name: str) -> cloudwatch.Metric:
        return self._metric(NAMESPACE, name, {"Environment": self._settings.environment}, "Maximum")

    def _metric(
        self, namespace: str, name: str, dimensions: dict[str, str], statistic: str
    ) -> cloudwatch.Metric:
        return cloudwatch.Metric(
            namespace=namespace,
            metric_name=name,
            dimensions_map=dimensions,
            statistic=statistic,
            period=Duration.seconds(self._settings.rollout_alarm_seconds),
        )

    def _alarm(
        self, name: str, description: str, *, periods: int | None = None, **props: Any
    ) -> cloudwatch.Alarm:
        """Shares come from many decisions already: one period is enough for them."""
        slug = "".join(f"-{letter.lower()}" if letter.isupper() else letter for letter in name)
        return cloudwatch.Alarm(
            self,
            name,
            alarm_name=f"{self._settings.names.prefix}{slug}",
            alarm_description=description,
            evaluation_periods=periods or self._settings.rollout_alarm_periods,
            comparison_operator=cloudwatch.ComparisonOperator.GREATER_THAN_THRESHOLD,
            treat_missing_data=cloudwatch.TreatMissingData.NOT_BREACHING,
            **props,
        )
