"""AWS::CloudWatch::Alarm, AWS::CloudWatch::Dashboard, AWS::Logs::LogGroup and AWS::Logs::LogStream."""

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
    tags,
)

_NUMBERS = {"DatapointsToAlarm": int, "EvaluationPeriods": int, "Period": int, "Threshold": float}


class Alarm(ResourceType):
    type = "AWS::CloudWatch::Alarm"
    properties: ClassVar[Schema] = {
        **whole(
            "ActionsEnabled",
            "AlarmActions",
            "AlarmDescription",
            "AlarmName",
            "ComparisonOperator",
            "DatapointsToAlarm",
            "EvaluateLowSampleCountPercentile",
            "EvaluationPeriods",
            "ExtendedStatistic",
            "InsufficientDataActions",
            "MetricName",
            "Namespace",
            "OKActions",
            "Period",
            "Statistic",
            "Tags",
            "Threshold",
            "TreatMissingData",
            "Unit",
        ),
        "Dimensions": whole("Name", "Value"),
        "Metrics": {
            **whole("Expression", "Id", "Label", "Period", "ReturnData"),
            "MetricStat": {
                **whole("Period", "Stat", "Unit"),
                "Metric": {**whole("MetricName", "Namespace"), "Dimensions": whole("Name", "Value")},
            },
        },
    }
    attributes = frozenset({"Arn"})
    replaced_by = frozenset({"AlarmName"})
    name_property = "AlarmName"
    name_limit = 255
    coverage = "partial"
    note = (
        "evaluated every second on one metric; expressions and trimmed statistics are stored only, and no "
        "action is carried out"
    )

    def create(self, request: Request) -> Outcome:
        return self._put(request, request.name)

    def update(self, request: Request) -> Outcome:
        outcome = self._put(request, request.physical_id)
        added, removed = tag_changes(request)
        arn = outcome.attributes["Arn"]
        if added:
            found = [{"Key": key, "Value": value} for key, value in added.items()]
            request.aws("cloudwatch", "TagResource", ResourceARN=arn, Tags=found)
        if removed:
            request.aws("cloudwatch", "UntagResource", ResourceARN=arn, TagKeys=removed)
        return outcome

    def delete(self, request: Request) -> None:
        with ignoring("ResourceNotFound"):
            request.aws("cloudwatch", "DeleteAlarms", AlarmNames=[request.physical_id])

    def _put(self, request: Request, name: str) -> Outcome:
        params = request.pick(*(prop for prop in self.properties if prop != "AlarmName"))
        params |= {key: cast(params[key]) for key, cast in _NUMBERS.items() if key in params}
        if "ActionsEnabled" in params:
            params["ActionsEnabled"] = boolean(params["ActionsEnabled"])
        if "Metrics" in params:
            params["Metrics"] = [_query(query) for query in params["Metrics"]]
        request.aws("cloudwatch", "PutMetricAlarm", AlarmName=name, **params)
        return Outcome(name, {"Arn": request.ctx.arn("cloudwatch", f"alarm:{name}")})


def _query(query: Document) -> Document:
    shaped = dict(query)
    if "ReturnData" in shaped:
        shaped["ReturnData"] = boolean(shaped["ReturnData"])
    if "Period" in shaped:
        shaped["Period"] = int(shaped["Period"])
    if "MetricStat" in shaped:
        shaped["MetricStat"] = shaped["MetricStat"] | {"Period": int(shaped["MetricStat"]["Period"])}
    return shaped


class Dashboard(ResourceType):
    type = "AWS::CloudWatch::Dashboard"
    properties = whole("DashboardBody", "DashboardName")
    replaced_by = frozenset({"DashboardName"})
    name_property = "DashboardName"

    def create(self, request: Request) -> Outcome:
        return self._put(request, request.name)

    def update(self, request: Request) -> Outcome:
        return self._put(request, request.physical_id)

    def delete(self, request: Request) -> None:
        with ignoring("ResourceNotFound"):
            request.aws("cloudwatch", "DeleteDashboards", DashboardNames=[request.physical_id])

    def _put(self, request: Request, name: str) -> Outcome:
        body = request.properties["DashboardBody"]
        request.aws("cloudwatch", "PutDashboard", DashboardName=name, DashboardBody=body)
        return Outcome(name)


class LogGroup(ResourceType):
    type = "AWS::Logs::LogGroup"
    properties = whole("KmsKeyId", "LogGroupName", "RetentionInDays", "Tags")
    attributes = frozenset({"Arn"})
    replaced_by = frozenset({"LogGroupName"})
    name_property = "LogGroupName"
    name_limit = 512
    note = "log events are kept whatever the retention says"

    def create(self, request: Request) -> Outcome:
        name = request.name
        params: dict[str, Any] = {}
        if "KmsKeyId" in request.properties:
            params["kmsKeyId"] = request.properties["KmsKeyId"]
        if "Tags" in request.properties:
            params["tags"] = tags(request.properties)
        request.aws("logs", "CreateLogGroup", logGroupName=name, **params)
        request.created(name)
        self._retain(request, name)
        return Outcome(name, {"Arn": request.ctx.arn("logs", f"log-group:{name}:*")})

    def update(self, request: Request) -> Outcome:
        aws, name, new = request.aws, request.physical_id, request.properties
        self._retain(request, name)
        if request.changed("KmsKeyId"):
            if "KmsKeyId" in new:
                aws("logs", "AssociateKmsKey", logGroupName=name, kmsKeyId=new["KmsKeyId"])
            else:
                aws("logs", "DisassociateKmsKey", logGroupName=name)
        added, removed = tag_changes(request)
        if added:
            aws("logs", "TagLogGroup", logGroupName=name, tags=added)
        if removed:
            aws("logs", "UntagLogGroup", logGroupName=name, tags=removed)
        return Outcome(name, request.attributes)

    def delete(self, request: Request) -> None:
        with ignoring("ResourceNotFoundException"):
            request.aws("logs", "DeleteLogGroup", logGroupName=request.physical_id)

    def _retain(self, request: Request, name: str) -> None:
        if not request.changed("RetentionInDays"):
            return
        if "RetentionInDays" in request.properties:
            days = int(request.properties["RetentionInDays"])
            request.aws("logs", "PutRetentionPolicy", logGroupName=name, retentionInDays=days)
        else:
            request.aws("logs", "DeleteRetentionPolicy", logGroupName=name)


class LogStream(Immutable):
    type = "AWS::Logs::LogStream"
    properties = whole("LogGroupName", "LogStreamName")
    name_property = "LogStreamName"
    name_limit = 512

    def create(self, request: Request) -> Outcome:
        group = request.properties["LogGroupName"]
        request.aws("logs", "CreateLogStream", logGroupName=group, logStreamName=request.name)
        return Outcome(request.name)

    def delete(self, request: Request) -> None:
        with ignoring("ResourceNotFoundException"):
            group = request.properties["LogGroupName"]
            request.aws("logs", "DeleteLogStream", logGroupName=group, logStreamName=request.physical_id)
