"""Every setting of a deployment, typed and validated across fields.

Settings come from environment variables with the prefix ``FRAUDLINE_`` and from nowhere else, so the
same names work for `cdk`, `fraudline cdk`, CI and a container:

    FRAUDLINE_ENVIRONMENT=prod FRAUDLINE_ENDPOINT_MIN_INSTANCES=2 cdk deploy --all
"""

from __future__ import annotations

import difflib
import math
import os
import re
from collections.abc import Iterator
from typing import Annotated, Any, Literal
from zoneinfo import available_timezones

from pydantic import AfterValidator, BeforeValidator, Field, ValidationError, model_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from cdk_app.serving_checks import serving_problems
from cdk_app.serving_files import file_problems
from feature_groups import GROUPS, MODEL_FEATURES
from feature_groups.names import Names

PREFIX = "FRAUDLINE_"
LONGEST_WINDOW_DAYS = math.ceil(
    max(feature.window.milliseconds for feature in MODEL_FEATURES if feature.window) / 86_400_000
)
ARCHIVE_AFTER_DAYS = 365
NIGHTLY_HOURS = range(2, 6)
SHARD_BYTES_PER_SECOND = 1_000_000
SHARD_RECORDS_PER_SECOND = 1_000

SERVING_INSTANCE_TYPES = tuple(
    f"ml.{family}.{size}"
    for family in ("c5", "c6i", "c7i", "m5", "m6i", "m7i")
    for size in ("large", "xlarge", "2xlarge", "4xlarge")
)
"""What every model package declares that it runs on, so that a changed instance type fits old packages."""

_MAIL_ADDRESS = re.compile(r"[^@\s,;]+@[^@\s,;]+\.[^@\s,;]+")
_DAILY_CRON = re.compile(r"cron\((\d{1,2}) (\d{1,2}) \* \* \? \*\)")

LOG_RETENTION_DAYS = (7, 14, 30, 60, 90, 180, 365)
ALARM_SECONDS = (10, 30, 60)


def _timezone(value: str) -> str:
    if value not in available_timezones():
        raise ValueError("not an IANA time zone; use a name such as Etc/UTC or Europe/Berlin")
    return value


def _nightly(value: str) -> str:
    match = _DAILY_CRON.fullmatch(value)
    if not match or int(match[1]) > 59 or int(match[2]) not in NIGHTLY_HOURS:
        raise ValueError(
            "the nightly run starts once a day between 02:00 and 05:59; "
            "use cron(MINUTE HOUR * * ? *), e.g. cron(0 2 * * ? *)"
        )
    return value


def _serving_type(value: str) -> str:
    if value not in SERVING_INSTANCE_TYPES:
        raise ValueError(f"models are registered for x86-64 types only; use one of {SERVING_INSTANCE_TYPES}")
    return value


def _log_retention(value: int) -> int:
    if value not in LOG_RETENTION_DAYS:
        raise ValueError(f"CloudWatch keeps logs for fixed times; use one of {LOG_RETENTION_DAYS}")
    return value


def _alarm_seconds(value: int) -> int:
    if value not in ALARM_SECONDS:
        raise ValueError(f"CloudWatch has no such period for alarms; use one of {ALARM_SECONDS}")
    return value


def _mail_address(value: str | None) -> str | None:
    if value and not _MAIL_ADDRESS.fullmatch(value):
        raise ValueError("not one e-mail address; several readers need an address that is a list")
    return value or None


InstanceType = Annotated[str, Field(pattern=r"^ml\.[a-z0-9-]+\.[a-z0-9]+$")]
Probability = Annotated[float, Field(ge=0.0, le=1.0)]
Count = Annotated[int, Field(ge=1)]
Percent = Annotated[int, Field(ge=1, le=100)]
FraudType = Annotated[str, Field(pattern=r"^[a-z][a-z0-9]*(-[a-z0-9]+)*$", max_length=20)]
ProjectFile = Annotated[str | None, BeforeValidator(lambda value: value or None)]
Rollout = Literal["all-at-once", "canary", "linear"]


def _default_removal(data: dict[str, Any]) -> Literal["retain", "destroy"]:
    return "destroy" if data.get("environment") == "dev" else "retain"


def _default_rollout(data: dict[str, Any]) -> Rollout:
    return "all-at-once" if data.get("environment") == "dev" else "canary"


def _default_bake(data: dict[str, Any]) -> int:
    return 0 if data.get("environment") == "dev" else 300


class Settings(BaseSettings):
    """One environment. Rates are what it is sized for; validation holds the capacity against them."""

    model_config = SettingsConfigDict(env_prefix=PREFIX, frozen=True, extra="forbid")

    # Where
    environment: Annotated[str, AfterValidator(lambda value: Names(value).environment)] = "dev"
    region: Annotated[str, Field(pattern=r"^[a-z]{2}(-[a-z]+)+-\d$")] = "us-east-1"
    account: Annotated[str, Field(pattern=r"^\d{12}$")] | None = None
    """None leaves the account to the credentials of the deployment."""
    removal: Literal["retain", "destroy"] = Field(default_factory=_default_removal)
    """Whether data outlives its stack. ``destroy`` (the default of ``dev``) deletes all of it."""

    # The load it is sized for
    transactions_per_second: Count = 100
    transaction_bytes: Annotated[int, Field(ge=100, le=1_000_000)] = 1_500

    # Streams
    stream_mode: Literal["on-demand", "provisioned"] = "on-demand"
    stream_shards: Count | None = None
    """Shards of each transaction-rate stream; only with ``provisioned``."""

    # The stream job
    stream_engine: Literal["consumer", "flink"] = "consumer"
    """``flink`` deploys the job to Managed Service for Apache Flink, and starts it."""
    flink_parallelism: Annotated[int, Field(ge=1, le=32)] = 1
    """Subtasks of each operator; the job has 32 buckets of keys to share among them (docs/flink.md)."""
    flink_parallelism_per_kpu: Annotated[int, Field(ge=1, le=8)] = 1
    """Subtasks that share a processing unit of 1 vCPU and 4 GB."""

    # Features
    feature_store_tier: Literal["Standard", "InMemory"] = "Standard"
    offline_store: bool = True
    feature_ttl_days: dict[str, Count] = Field(default_factory=dict)
    """Overrides of the groups' declared time to live, e.g. ``{"user-activity": 60}``."""

    # Decisions
    endpoint_instance_type: Annotated[InstanceType, AfterValidator(_serving_type)] = "ml.c7i.large"
    endpoint_min_instances: Count = 1
    endpoint_max_instances: Count = 4
    endpoint_invocations_per_instance: Count = 15_000
    """Target of the auto-scaling: invocations per instance and minute."""

    endpoint_mode: Literal["instances", "serverless", "multi-model"] = "instances"
    """``serverless`` runs nothing while nobody asks; ``multi-model`` serves one model per fraud type."""
    shadow_percent: Annotated[int, Field(ge=0, le=100)] = 0
    """Share of the requests that the version approved as shadow decides too; nobody is told what."""
    serverless_memory_mb: Annotated[int, Field(ge=1024, le=6144, multiple_of=1024)] = 3072
    serverless_max_concurrency: Annotated[int, Field(ge=1, le=200)] = 20
    serverless_provisioned_concurrency: Annotated[int, Field(ge=0, le=200)] = 0
    """How many are kept warm; 0 makes whoever asks first wait for a start of seconds."""
    model_types: tuple[FraudType, ...] = ()
    """Fraud types, each with a model package group of its own; only with ``multi-model``."""

    policy_file: ProjectFile = None
    """Thresholds and rules, as a path in the project below ``inference/``; None for the ones that ship."""
    signals_file: ProjectFile = None
    """Third parties that are asked, as a path below ``inference/``; None asks nobody."""

    replay: bool = False
    """Decide on transactions of any age: for demonstrations on historical data."""

    # Rollouts
    rollout: Rollout = Field(default_factory=_default_rollout)
    """How traffic moves to a new fleet; ``dev`` moves it at once."""
    rollout_step_percent: Annotated[int, Field(ge=1, le=50)] = 10
    """Traffic of the canary, or of each step of a linear rollout."""
    rollout_bake_seconds: Annotated[int, Field(ge=0, le=3600)] = Field(default_factory=_default_bake)
    """How long the alarms watch after each step; ``dev`` does not wait."""
    rollout_alarm_seconds: Annotated[int, AfterValidator(_alarm_seconds)] = 60
    """Period of the rollback alarms. Below 60 the endpoint publishes enhanced metrics, which cost more."""
    rollout_alarm_periods: Annotated[int, Field(ge=1, le=10)] = 2
    """Periods in a row that errors or latency must be too high."""
    rollout_most_errors: Annotated[int, Field(ge=0)] = 5
    """Server errors in a period; more roll the update back."""
    rollout_slowest_p99_ms: Count = 200
    rollout_most_declined_percent: Percent = 30
    """Share of declines in what one server process decides in a while; more rolls the update back."""
    rollout_most_fallback_percent: Percent = 30
    """The same for decisions by the rules in place of the model."""

    # The nightly pipeline
    processing_instance_type: InstanceType = "ml.m5.xlarge"
    training_instance_type: InstanceType = "ml.m5.2xlarge"
    features_engine: Literal["embedded", "spark", "emr-serverless"] = "embedded"
    """What computes the features: BuildFeatures, or Spark where the history is too long for one machine."""
    spark_image: Annotated[str, Field(pattern=r"^[^/]+\.amazonaws\.com(\.cn)?/[^:]+[:@].+$")] | None = None
    """SageMaker's Spark image with our packages in it (docs/spark.md); only with ``spark``."""
    spark_instance_type: InstanceType = "ml.m5.4xlarge"
    spark_instance_count: Annotated[int, Field(ge=1, le=100)] = 2
    emr_serverless_application: Annotated[str, Field(pattern=r"^[0-9a-z]{1,64}$")] | None = None
    """Id of a Spark application of the account; only with ``emr-serverless``, as is the next."""
    emr_serverless_environment: Annotated[str, Field(pattern=r"^s3://[^/]+/.+\.tar\.gz$")] | None = None
    """The packed Python environment of its nodes (docs/spark.md)."""
    schedule_expression: Annotated[str, AfterValidator(_nightly)] = "cron(0 2 * * ? *)"
    schedule_timezone: Annotated[str, AfterValidator(_timezone)] = "Etc/UTC"
    schedule_enabled: bool = True
    minimum_auc: Probability = 0.85
    minimum_average_precision: Probability = 0.25
    mail_address: Annotated[str | None, AfterValidator(_mail_address)] = None
    """Who is told how every night ended; None subscribes nobody to the topic."""

    # Retention
    raw_retention_days: Count = 7 * 365 + 2
    audit_retention_days: Count = 7 * 365 + 2
    """Nobody may delete or overwrite a decision's audit for so long; where data outlives its stack."""
    log_retention_days: Annotated[int, AfterValidator(_log_retention)] = 90

    @property
    def names(self) -> Names:
        return Names(self.environment)

    @property
    def disposable(self) -> bool:
        return self.removal == "destroy"

    @property
    def shards_needed(self) -> int:
        """Shards that carry the declared rate at 1 MB/s and 1,000 records/s each."""
        rate = self.transactions_per_second
        return max(
            math.ceil(rate * self.transaction_bytes / SHARD_BYTES_PER_SECOND),
            math.ceil(rate / SHARD_RECORDS_PER_SECOND),
        )

    @model_validator(mode="after")
    def _check_across_fields(self) -> Settings:
        problems = [
            *self._stream_problems(),
            *self._feature_problems(),
            *serving_problems(self),
            *file_problems(self.policy_file, self.signals_file),
            *self._spark_problems(),
            *self._lifetime_problems(),
        ]
        if problems:
            raise ValueError("; ".join(problems))
        return self

    def _stream_problems(self) -> Iterator[str]:
        if self.stream_mode == "on-demand":
            if self.stream_shards is not None:
                yield "stream_shards: on-demand streams have none; remove it or set stream_mode=provisioned"
        elif (self.stream_shards or 0) < self.shards_needed:
            yield (
                f"stream_shards: {self.transactions_per_second} transactions/s of {self.transaction_bytes} "
                f"bytes need {self.shards_needed}; raise it or set stream_mode=on-demand"
            )
        if self.stream_engine == "consumer":
            for name in ("flink_parallelism", "flink_parallelism_per_kpu"):
                if name in self.model_fields_set:
                    yield f"{name}: the consumer is one process; remove it or set stream_engine=flink"

    def _feature_problems(self) -> Iterator[str]:
        if self.feature_store_tier == "InMemory" and self.offline_store:
            yield (
                "offline_store: the InMemory tier cannot feed one; set offline_store=false "
                "or feature_store_tier=Standard"
            )
        known = {group.name: group for group in GROUPS}
        for name, days in self.feature_ttl_days.items():
            if name not in known:
                yield f"feature_ttl_days: no feature group {name!r}; use one of {', '.join(known)}"
            elif days < LONGEST_WINDOW_DAYS:
                yield (
                    f"feature_ttl_days: {name} would forget its {LONGEST_WINDOW_DAYS}-day window after "
                    f"{days} days; use at least {LONGEST_WINDOW_DAYS}"
                )

    def _spark_problems(self) -> Iterator[str]:
        for name, engine in (
            ("spark_image", "spark"),
            ("emr_serverless_application", "emr-serverless"),
            ("emr_serverless_environment", "emr-serverless"),
        ):
            given = getattr(self, name) is not None
            if given and self.features_engine != engine:
                yield f"{name}: nothing uses it; remove it or set features_engine={engine}"
            if not given and self.features_engine == engine:
                yield f"{name}: features_engine={engine} needs it; see docs/spark.md"

    def _lifetime_problems(self) -> Iterator[str]:
        if self.environment == "prod" and self.disposable:
            yield "removal: prod keeps its data; use removal=retain"
        if self.raw_retention_days <= ARCHIVE_AFTER_DAYS:
            yield (
                f"raw_retention_days: {self.raw_retention_days} deletes before the archive at "
                f"{ARCHIVE_AFTER_DAYS} days; use more than {ARCHIVE_AFTER_DAYS}"
            )
        if self.environment == "prod" and self.replay:
            yield "replay: prod decides on present transactions only; use replay=false"


class SettingsError(Exception):
    """The settings are not valid; the message has one line per problem, each naming field and fix."""


def load() -> Settings:
    """Settings from the environment.

    Raises:
        SettingsError: a value is invalid, values contradict each other, or a variable looks misspelt.
    """
    if misspelt := [*_misspelt()]:
        raise SettingsError("\n".join(misspelt))
    try:
        return Settings()
    except ValidationError as error:
        lines = []
        for problem in error.errors():
            field = "_".join(str(part) for part in problem["loc"][:1]).upper()
            lines.append(f"{PREFIX}{field}: {problem['msg']}" if field else problem["msg"])
        raise SettingsError("\n".join(lines)) from None


def _misspelt() -> Iterator[str]:
    """Variables that nobody reads but that resemble a setting. Other parts own other names."""
    fields = [name.upper() for name in Settings.model_fields]
    for variable in sorted(os.environ):
        name = variable.removeprefix(PREFIX)
        if name == variable or name in fields:
            continue
        if close := difflib.get_close_matches(name, fields, n=1, cutoff=0.85):
            yield f"{variable}: not a setting; did you mean {PREFIX}{close[0]}?"
