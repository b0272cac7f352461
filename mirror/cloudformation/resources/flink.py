"""AWS::KinesisAnalyticsV2::Application and AWS::KinesisAnalyticsV2::ApplicationCloudWatchLoggingOption.

As on AWS, creating an application does not start it.
"""

from __future__ import annotations

from typing import Any, ClassVar

from mirror.api import Document
from mirror.cloudformation.coverage import Schema, whole
from mirror.cloudformation.resource import (
    Immutable,
    Outcome,
    Request,
    ResourceType,
    boolean,
    ignoring,
    tag_changes,
    wait_until,
)

_SERVICE = "kinesisanalyticsv2"
_NUMBERS = frozenset({"CheckpointInterval", "MinPauseBetweenCheckpoints", "Parallelism", "ParallelismPerKPU"})
_BOOLEANS = frozenset({"CheckpointingEnabled", "AutoScalingEnabled", "SnapshotsEnabled", "RollbackEnabled"})
# An update calls its members as the creation does, plus this; these are the names it does not change.
_UNCHANGED = frozenset({"PropertyGroups", "PropertyGroupId", "PropertyMap"})


class Application(ResourceType):
    type = "AWS::KinesisAnalyticsV2::Application"
    properties: ClassVar[Schema] = {
        **whole("ApplicationMode", "ApplicationName", "RuntimeEnvironment", "ServiceExecutionRole", "Tags"),
        "ApplicationConfiguration": {
            "ApplicationCodeConfiguration": {
                "CodeContent": {"S3ContentLocation": whole("BucketARN", "FileKey", "ObjectVersion")},
                "CodeContentType": None,
            },
            "ApplicationEncryptionConfiguration": whole("KeyId", "KeyType"),
            "ApplicationSnapshotConfiguration": whole("SnapshotsEnabled"),
            "EnvironmentProperties": {
                "PropertyGroups": {**whole("PropertyGroupId"), "PropertyMap": None},
            },
            "FlinkApplicationConfiguration": {
                "CheckpointConfiguration": whole(
                    "CheckpointInterval",
                    "CheckpointingEnabled",
                    "ConfigurationType",
                    "MinPauseBetweenCheckpoints",
                ),
                "MonitoringConfiguration": whole("ConfigurationType", "LogLevel", "MetricsLevel"),
                "ParallelismConfiguration": whole(
                    "AutoScalingEnabled", "ConfigurationType", "Parallelism", "ParallelismPerKPU"
                ),
            },
        },
    }
    replaced_by = frozenset({"ApplicationMode", "ApplicationName", "RuntimeEnvironment"})
    name_property = "ApplicationName"
    name_limit = 128
    coverage = "partial"
    note = "no autoscaling, no networks"
    how = "mirror.analytics"

    def create(self, request: Request) -> Outcome:
        params = request.pick("ApplicationMode", "RuntimeEnvironment", "ServiceExecutionRole", "Tags")
        configuration = _typed(request.properties.get("ApplicationConfiguration", {}))
        request.aws(
            _SERVICE,
            "CreateApplication",
            ApplicationName=request.name,
            ApplicationConfiguration=configuration,
            **params,
        )
        return Outcome(request.name)

    def update(self, request: Request) -> Outcome:
        aws, name = request.aws, request.physical_id
        params: Document = {}
        if request.changed("ApplicationConfiguration"):
            params["ApplicationConfigurationUpdate"] = _updates(
                _typed(request.properties["ApplicationConfiguration"])
            )
        if request.changed("ServiceExecutionRole"):
            params["ServiceExecutionRoleUpdate"] = request.properties["ServiceExecutionRole"]
        if params:
            version = self._detail(request)["ApplicationVersionId"]
            params["CurrentApplicationVersionId"] = version
            aws(_SERVICE, "UpdateApplication", ApplicationName=name, **params)
            wait_until(
                lambda: self._detail(request)["ApplicationStatus"] != "UPDATING", f"application {name}", 300
            )
        added, removed = tag_changes(request)
        arn = self._detail(request)["ApplicationARN"]
        if added:
            found = [{"Key": key, "Value": value} for key, value in added.items()]
            aws(_SERVICE, "TagResource", ResourceARN=arn, Tags=found)
        if removed:
            aws(_SERVICE, "UntagResource", ResourceARN=arn, TagKeys=removed)
        return Outcome(name)

    def delete(self, request: Request) -> None:
        name = request.physical_id
        with ignoring("ResourceNotFoundException"):
            created = self._detail(request)["CreateTimestamp"]
            request.aws(_SERVICE, "DeleteApplication", ApplicationName=name, CreateTimestamp=created)
            wait_until(lambda: self._gone(request), f"deletion of application {name}")

    def _detail(self, request: Request) -> Document:
        found = request.aws(_SERVICE, "DescribeApplication", ApplicationName=request.physical_id)
        detail: Document = found["ApplicationDetail"]
        return detail

    def _gone(self, request: Request) -> bool:
        with ignoring("ResourceNotFoundException"):
            self._detail(request)
            return False
        return True


class LoggingOption(Immutable):
    type = "AWS::KinesisAnalyticsV2::ApplicationCloudWatchLoggingOption"
    properties: ClassVar[Schema] = {
        **whole("ApplicationName"),
        "CloudWatchLoggingOption": whole("LogStreamARN"),
    }
    how = "mirror.analytics"

    def create(self, request: Request) -> Outcome:
        answer = request.aws(
            _SERVICE,
            "AddApplicationCloudWatchLoggingOption",
            **request.pick("ApplicationName", "CloudWatchLoggingOption"),
        )
        return Outcome(answer["CloudWatchLoggingOptionDescriptions"][-1]["CloudWatchLoggingOptionId"])

    def delete(self, request: Request) -> None:
        with ignoring("ResourceNotFoundException", "InvalidArgumentException"):
            request.aws(
                _SERVICE,
                "DeleteApplicationCloudWatchLoggingOption",
                ApplicationName=request.properties["ApplicationName"],
                CloudWatchLoggingOptionId=request.physical_id,
            )


def _typed(value: Any, name: str = "") -> Any:
    """A template's numbers and booleans, which may be written as text, as the API wants them."""
    if isinstance(value, dict):
        if name == "PropertyMap":
            return {key: str(item) for key, item in value.items()}
        return {key: _typed(item, key) for key, item in value.items()}
    if isinstance(value, list):
        return [_typed(item) for item in value]
    if name in _NUMBERS:
        return int(value)
    return boolean(value) if name in _BOOLEANS else value


def _updates(value: Any) -> Any:
    """A configuration as UpdateApplication wants it."""
    if isinstance(value, list):
        return [_updates(item) for item in value]
    if not isinstance(value, dict):
        return value
    return {_update_name(key): item if key in _UNCHANGED else _updates(item) for key, item in value.items()}


def _update_name(name: str) -> str:
    if name == "EnvironmentProperties":
        return "EnvironmentPropertyUpdates"
    return name if name in _UNCHANGED else f"{name}Update"
