"""Where events enter (I1), what they look like (I2), and where those that cannot be used end (I5)."""

from __future__ import annotations

from typing import Any

from aws_cdk import Duration, RemovalPolicy, Stack
from aws_cdk import aws_cloudwatch as cloudwatch
from aws_cdk import aws_kinesis as kinesis
from aws_cdk import aws_kms as kms
from constructs import Construct

from cdk_app.constructs.event_schemas import EventSchemas
from cdk_app.nag import acknowledge
from cdk_app.settings import Settings
from feature_groups.names import DEAD_LETTERS, STREAMS

RETENTION_DAYS = {
    "transactions-raw": 7,
    "transactions-enriched": 7,
    "transactions-late": 7,
    "fraud-labels": 90,
    "model-predictions": 30,
}
DEAD_LETTER_RETENTION_DAYS = 14
DEAD_LETTER_ALARM_PERCENT = 0.1

LABEL_STREAM = "fraud-labels"
"""The one stream that is not written at the rate of transactions: one shard carries it."""


class IngestionStack(Stack):
    """Event streams and dead-letter streams, encrypted with one key, and the schemas of their records.

    Streams: ``self.streams`` and ``self.dead_letters``, by the names of `feature_groups.names`.
    """

    def __init__(self, scope: Construct, construct_id: str, *, settings: Settings, **kwargs: Any) -> None:
        super().__init__(scope, construct_id, description="Event streams and dead-letter streams", **kwargs)
        self._settings = settings
        self._removal = RemovalPolicy.DESTROY if settings.disposable else RemovalPolicy.RETAIN
        self.key = kms.Key(
            self,
            "Key",
            description=f"{settings.names.prefix}: events in the streams",
            enable_key_rotation=True,
            removal_policy=self._removal,
        )
        self.streams = {
            name: self._stream(settings.names.stream(name), RETENTION_DAYS[name], self._shards(name))
            for name in STREAMS
        }
        self.dead_letters = {
            kind: self._stream(settings.names.dead_letter_stream(kind), DEAD_LETTER_RETENTION_DAYS, 1)
            for kind in DEAD_LETTERS
        }
        self.schemas = EventSchemas(self, "Schemas", names=settings.names, removal=self._removal)
        acknowledge(
            self,
            {
                "AwsSolutions-KDS3": "A key of our own: who may read events is decided, audited and "
                "revoked here, at the price of its requests."
            },
        )
        self._alarm_on_dead_letters()

    def _shards(self, name: str) -> int:
        return 1 if name == LABEL_STREAM else self._settings.stream_shards or 1

    def _stream(self, name: str, retention_days: int, shards: int) -> kinesis.Stream:
        provisioned = self._settings.stream_mode == "provisioned"
        return kinesis.Stream(
            self,
            name.removeprefix(f"{self._settings.names.prefix}-"),
            stream_name=name,
            stream_mode=kinesis.StreamMode.PROVISIONED if provisioned else kinesis.StreamMode.ON_DEMAND,
            shard_count=shards if provisioned else None,
            retention_period=Duration.days(retention_days),
            encryption=kinesis.StreamEncryption.KMS,
            encryption_key=self.key,
            removal_policy=self._removal,
        )

    def _alarm_on_dead_letters(self) -> None:
        def records(stream: kinesis.Stream) -> cloudwatch.Metric:
            return stream.metric_incoming_records(statistic="Sum", period=Duration.minutes(5))

        terms = {f"d{index}": records(stream) for index, stream in enumerate(self.dead_letters.values())}
        cloudwatch.Alarm(
            self,
            "DeadLetterRate",
            alarm_name=f"{self._settings.names.prefix}-dead-letter-rate",
            alarm_description=f"More than {DEAD_LETTER_ALARM_PERCENT} % of the events are dead letters",
            metric=cloudwatch.MathExpression(
                # A dead-letter stream that received nothing reports nothing, which counts as zero.
                expression=f"100 * ({' + '.join(f'FILL({term}, 0)' for term in terms)}) / raw",
                using_metrics={**terms, "raw": records(self.streams["transactions-raw"])},
                period=Duration.minutes(5),
                label="dead letters, percent of events",
            ),
            threshold=DEAD_LETTER_ALARM_PERCENT,
            evaluation_periods=1,
            comparison_operator=cloudwatch.ComparisonOperator.GREATER_THAN_THRESHOLD,
            treat_missing_data=cloudwatch.TreatMissingData.NOT_BREACHING,
        )
