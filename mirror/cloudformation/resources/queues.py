"""AWS::SQS::Queue and AWS::SQS::QueuePolicy."""

from __future__ import annotations

import json
from typing import Any

from mirror.api import Document
from mirror.cloudformation.coverage import whole
from mirror.cloudformation.resource import Outcome, Request, ResourceType, ignoring, tag_changes, tags

_DEFAULTS = {
    "DelaySeconds": "0",
    "KmsDataKeyReusePeriodSeconds": "300",
    "KmsMasterKeyId": "",
    "MaximumMessageSize": "262144",
    "MessageRetentionPeriod": "345600",
    "ReceiveMessageWaitTimeSeconds": "0",
    "RedrivePolicy": "",
    "SqsManagedSseEnabled": "true",
    "VisibilityTimeout": "30",
}
_SETTINGS = (*_DEFAULTS, "ContentBasedDeduplication", "FifoQueue", "RedriveAllowPolicy")


class Queue(ResourceType):
    type = "AWS::SQS::Queue"
    properties = whole(*_SETTINGS, "QueueName", "Tags")
    attributes = frozenset({"Arn", "QueueName", "QueueUrl"})
    replaced_by = frozenset({"FifoQueue", "QueueName"})
    name_property = "QueueName"
    name_limit = 80

    def create(self, request: Request) -> Outcome:
        attributes = {
            name: _text(request.properties[name]) for name in _SETTINGS if name in request.properties
        }
        params: Document = {"Attributes": attributes} if attributes else {}
        if "Tags" in request.properties:
            params["tags"] = tags(request.properties)
        url = request.aws("sqs", "CreateQueue", QueueName=request.name, **params)["QueueUrl"]
        arn = request.ctx.arn("sqs", request.name)
        return Outcome(url, {"Arn": arn, "QueueName": request.name, "QueueUrl": url})

    def update(self, request: Request) -> Outcome:
        url, new = request.physical_id, request.properties
        attributes = {
            name: _text(new[name]) if name in new else _DEFAULTS.get(name, "")
            for name in _SETTINGS
            if request.changed(name)
        }
        if attributes:
            request.aws("sqs", "SetQueueAttributes", QueueUrl=url, Attributes=attributes)
        added, removed = tag_changes(request)
        if added:
            request.aws("sqs", "TagQueue", QueueUrl=url, Tags=added)
        if removed:
            request.aws("sqs", "UntagQueue", QueueUrl=url, TagKeys=removed)
        return Outcome(url, request.attributes)

    def delete(self, request: Request) -> None:
        with ignoring("AWS.SimpleQueueService.NonExistentQueue", "QueueDoesNotExist"):
            request.aws("sqs", "DeleteQueue", QueueUrl=request.physical_id)


class QueuePolicy(ResourceType):
    type = "AWS::SQS::QueuePolicy"
    properties = whole("PolicyDocument", "Queues")
    attributes = frozenset({"Id"})
    coverage = "partial"
    note = "stored and readable; the mirror does not enforce it"

    def create(self, request: Request) -> Outcome:
        self._put(request)
        return Outcome(request.name, {"Id": request.name})

    def update(self, request: Request) -> Outcome:
        self._clear(request, [q for q in request.old["Queues"] if q not in request.properties["Queues"]])
        self._put(request)
        return Outcome(request.physical_id, request.attributes)

    def delete(self, request: Request) -> None:
        self._clear(request, request.properties["Queues"])

    def _put(self, request: Request) -> None:
        policy = json.dumps(request.properties["PolicyDocument"])
        for url in request.properties["Queues"]:
            request.aws("sqs", "SetQueueAttributes", QueueUrl=url, Attributes={"Policy": policy})

    def _clear(self, request: Request, urls: list[str]) -> None:
        for url in urls:
            with ignoring("AWS.SimpleQueueService.NonExistentQueue", "QueueDoesNotExist"):
                request.aws("sqs", "SetQueueAttributes", QueueUrl=url, Attributes={"Policy": ""})


def _text(value: Any) -> str:
    if isinstance(value, dict):
        return json.dumps(value)
    return str(value).lower() if isinstance(value, bool) else str(value)
