"""AWS::Kinesis::Stream."""

from __future__ import annotations

from typing import ClassVar

from mirror.cloudformation.coverage import Schema, whole
from mirror.cloudformation.resource import (
    Outcome,
    Request,
    ResourceType,
    ignoring,
    tag_changes,
    tags,
    wait_until,
)

_DEFAULT_RETENTION_H = 24


class Stream(ResourceType):
    type = "AWS::Kinesis::Stream"
    properties: ClassVar[Schema] = {
        **whole("Name", "RetentionPeriodHours", "ShardCount", "Tags"),
        "StreamEncryption": whole("EncryptionType", "KeyId"),
        "StreamModeDetails": whole("StreamMode"),
    }
    attributes = frozenset({"Arn"})
    replaced_by = frozenset({"Name"})
    name_property = "Name"
    name_limit = 128
    how = "mirror.kinesis"

    def create(self, request: Request) -> Outcome:
        aws, name, properties = request.aws, request.name, request.properties
        params = request.pick("StreamModeDetails")
        if _mode(properties) == "PROVISIONED":
            params["ShardCount"] = int(properties.get("ShardCount", 1))
        if "Tags" in properties:
            params["Tags"] = tags(properties)
        aws("kinesis", "CreateStream", StreamName=name, **params)
        request.created(name)
        arn = self._stable(request, name)
        self._settle(request, name, _DEFAULT_RETENTION_H)
        return Outcome(name, {"Arn": arn})

    def update(self, request: Request) -> Outcome:
        aws, name, new = request.aws, request.physical_id, request.properties
        arn = request.attributes["Arn"]
        if _mode(new) != _mode(request.old):
            aws("kinesis", "UpdateStreamMode", StreamARN=arn, StreamModeDetails={"StreamMode": _mode(new)})
            self._stable(request, name)
        if _mode(new) == "PROVISIONED" and request.changed("ShardCount"):
            count = int(new.get("ShardCount", 1))
            aws(
                "kinesis",
                "UpdateShardCount",
                StreamName=name,
                TargetShardCount=count,
                ScalingType="UNIFORM_SCALING",
            )
            self._stable(request, name)
        self._settle(request, name, int(request.old.get("RetentionPeriodHours", _DEFAULT_RETENTION_H)))
        added, removed = tag_changes(request)
        if added:
            aws("kinesis", "AddTagsToStream", StreamName=name, Tags=added)
        if removed:
            aws("kinesis", "RemoveTagsFromStream", StreamName=name, TagKeys=removed)
        return Outcome(name, request.attributes)

    def delete(self, request: Request) -> None:
        name = request.physical_id
        with ignoring("ResourceNotFoundException"):
            request.aws("kinesis", "DeleteStream", StreamName=name, EnforceConsumerDeletion=True)
            wait_until(lambda: self._status(request, name) == "", f"deletion of stream {name}")

    def _settle(self, request: Request, name: str, retention: int) -> None:
        """Retention and encryption, which are calls of their own."""
        aws, new = request.aws, request.properties
        wanted = int(new.get("RetentionPeriodHours", _DEFAULT_RETENTION_H))
        if wanted != retention:
            verb = "Increase" if wanted > retention else "Decrease"
            aws("kinesis", f"{verb}StreamRetentionPeriod", StreamName=name, RetentionPeriodHours=wanted)
            self._stable(request, name)
        if request.changed("StreamEncryption"):
            if "StreamEncryption" in request.old:
                aws("kinesis", "StopStreamEncryption", StreamName=name, **request.old["StreamEncryption"])
                self._stable(request, name)
            if "StreamEncryption" in new:
                aws("kinesis", "StartStreamEncryption", StreamName=name, **new["StreamEncryption"])
                self._stable(request, name)

    def _stable(self, request: Request, name: str) -> str:
        wait_until(lambda: self._status(request, name) == "ACTIVE", f"stream {name}")
        summary = request.aws("kinesis", "DescribeStreamSummary", StreamName=name)
        return str(summary["StreamDescriptionSummary"]["StreamARN"])

    def _status(self, request: Request, name: str) -> str:
        with ignoring("ResourceNotFoundException"):
            summary = request.aws("kinesis", "DescribeStreamSummary", StreamName=name)
            return str(summary["StreamDescriptionSummary"]["StreamStatus"])
        return ""


def _mode(properties: dict[str, dict[str, str]]) -> str:
    details = properties.get("StreamModeDetails")
    if details is not None:
        return details["StreamMode"]
    return "PROVISIONED"
