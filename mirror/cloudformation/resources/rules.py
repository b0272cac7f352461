"""AWS::Events::Rule."""

from __future__ import annotations

import json
from typing import ClassVar

from mirror.api import Document
from mirror.cloudformation.coverage import Schema, whole
from mirror.cloudformation.resource import (
    Outcome,
    RefusedError,
    Request,
    ResourceType,
    ignoring,
    numbers,
    tag_changes,
)

_DELIVERED = ("lambda", "logs", "sagemaker", "sns", "sqs")


class Rule(ResourceType):
    type = "AWS::Events::Rule"
    properties: ClassVar[Schema] = {
        **whole("Description", "EventPattern", "Name", "ScheduleExpression", "State", "Tags"),
        "Targets": {
            **whole("Arn", "Id", "Input", "InputPath", "RoleArn"),
            "DeadLetterConfig": whole("Arn"),
            "InputTransformer": whole("InputPathsMap", "InputTemplate"),
            "RetryPolicy": whole("MaximumEventAgeInSeconds", "MaximumRetryAttempts"),
            "SageMakerPipelineParameters": {"PipelineParameterList": whole("Name", "Value")},
            "SqsParameters": whole("MessageGroupId"),
        },
    }
    attributes = frozenset({"Arn"})
    replaced_by = frozenset({"Name"})
    name_property = "Name"
    how = "moto keeps it, mirror.events delivers"
    note = "the default event bus only"

    def create(self, request: Request) -> Outcome:
        arn = self._put(request, request.name)
        request.created(request.name)
        self._targets(request, request.name)
        return Outcome(request.name, {"Arn": arn})

    def update(self, request: Request) -> Outcome:
        name = request.physical_id
        arn = self._put(request, name)
        self._targets(request, name)
        added, removed = tag_changes(request)
        if added:
            found = [{"Key": key, "Value": value} for key, value in added.items()]
            request.aws("events", "TagResource", ResourceARN=arn, Tags=found)
        if removed:
            request.aws("events", "UntagResource", ResourceARN=arn, TagKeys=removed)
        return Outcome(name, {"Arn": arn})

    def delete(self, request: Request) -> None:
        name = request.physical_id
        with ignoring("ResourceNotFoundException"):
            targets = request.aws("events", "ListTargetsByRule", Rule=name)["Targets"]
            if targets:
                request.aws("events", "RemoveTargets", Rule=name, Ids=[target["Id"] for target in targets])
            request.aws("events", "DeleteRule", Name=name)

    def _put(self, request: Request, name: str) -> str:
        params = request.pick("Description", "ScheduleExpression", "State")
        if "EventPattern" in request.properties:
            params["EventPattern"] = json.dumps(request.properties["EventPattern"])
        if "Tags" in request.properties and not request.old:
            params["Tags"] = request.properties["Tags"]
        return str(request.aws("events", "PutRule", Name=name, **params)["RuleArn"])

    def _targets(self, request: Request, name: str) -> None:
        new = [_target(target) for target in request.properties.get("Targets", [])]
        kept = {target["Id"] for target in new}
        stale = [target["Id"] for target in request.old.get("Targets", []) if target["Id"] not in kept]
        if stale:
            request.aws("events", "RemoveTargets", Rule=name, Ids=stale)
        if new:
            failed = request.aws("events", "PutTargets", Rule=name, Targets=new).get("FailedEntries")
            if failed:
                raise RefusedError(f"targets of rule {name}: {failed}")


def _target(target: Document) -> Document:
    service = target["Arn"].split(":")[2]
    if service not in _DELIVERED:
        raise RefusedError(
            f"target {target['Arn']}: the mirror delivers events to {', '.join(_DELIVERED)} only"
        )
    shaped = dict(target)
    if "RetryPolicy" in shaped:
        shaped["RetryPolicy"] = numbers(
            shaped["RetryPolicy"], "MaximumEventAgeInSeconds", "MaximumRetryAttempts"
        )
    return shaped
