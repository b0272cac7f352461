"""AWS::Scheduler::Schedule and AWS::Scheduler::ScheduleGroup."""

from __future__ import annotations

from typing import ClassVar

from mirror.api import Document
from mirror.cloudformation.coverage import Schema, whole
from mirror.cloudformation.resource import Outcome, Request, ResourceType, ignoring, numbers
from mirror.scheduler import checks

_FIELDS = (
    "Description",
    "EndDate",
    "KmsKeyArn",
    "ScheduleExpression",
    "ScheduleExpressionTimezone",
    "StartDate",
    "State",
)


class Schedule(ResourceType):
    type = "AWS::Scheduler::Schedule"
    properties: ClassVar[Schema] = {
        **whole(*_FIELDS, "GroupName", "Name"),
        "FlexibleTimeWindow": whole("MaximumWindowInMinutes", "Mode"),
        "Target": {
            **whole("Arn", "Input", "RoleArn"),
            "DeadLetterConfig": whole("Arn"),
            "RetryPolicy": whole("MaximumEventAgeInSeconds", "MaximumRetryAttempts"),
            "SageMakerPipelineParameters": {"PipelineParameterList": whole("Name", "Value")},
            "SqsParameters": whole("MessageGroupId"),
        },
    }
    attributes = frozenset({"Arn"})
    replaced_by = frozenset({"GroupName", "Name"})
    name_property = "Name"
    how = "moto keeps it, mirror.scheduler fires it"

    def create(self, request: Request) -> Outcome:
        params = self._params(request)
        made = request.aws("scheduler", "CreateSchedule", Name=request.name, **params)
        return Outcome(request.name, {"Arn": made["ScheduleArn"]})

    def update(self, request: Request) -> Outcome:
        request.aws("scheduler", "UpdateSchedule", Name=request.physical_id, **self._params(request))
        return Outcome(request.physical_id, request.attributes)

    def delete(self, request: Request) -> None:
        with ignoring("ResourceNotFoundException"):
            request.aws("scheduler", "DeleteSchedule", Name=request.physical_id, **_group(request))

    def _params(self, request: Request) -> Document:
        properties = request.properties
        target = dict(properties["Target"])
        if "RetryPolicy" in target:
            names = ("MaximumEventAgeInSeconds", "MaximumRetryAttempts")
            target["RetryPolicy"] = numbers(target["RetryPolicy"], *names)
        window = properties["FlexibleTimeWindow"]
        params = request.pick(*_FIELDS) | {
            "FlexibleTimeWindow": window | numbers(window, "MaximumWindowInMinutes"),
            "Target": target,
        }
        checks.check(params)
        return params | _group(request)


class ScheduleGroup(ResourceType):
    type = "AWS::Scheduler::ScheduleGroup"
    properties = whole("Name")
    attributes = frozenset({"Arn"})
    replaced_by = frozenset({"Name"})
    name_property = "Name"

    def create(self, request: Request) -> Outcome:
        made = request.aws("scheduler", "CreateScheduleGroup", Name=request.name)
        return Outcome(request.name, {"Arn": made["ScheduleGroupArn"]})

    def update(self, request: Request) -> Outcome:
        return Outcome(request.physical_id, request.attributes)

    def delete(self, request: Request) -> None:
        with ignoring("ResourceNotFoundException"):
            request.aws("scheduler", "DeleteScheduleGroup", Name=request.physical_id)


def _group(request: Request) -> Document:
    return {"GroupName": request.properties["GroupName"]} if "GroupName" in request.properties else {}
