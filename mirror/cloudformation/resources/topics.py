"""AWS::SNS::Topic, AWS::SNS::Subscription and AWS::SNS::TopicPolicy."""

from __future__ import annotations

import json
from typing import Any, ClassVar

from mirror.cloudformation.coverage import Schema, whole
from mirror.cloudformation.resource import Outcome, Request, ResourceType, ignoring, tag_changes

_TOPIC = ("DisplayName", "KmsMasterKeyId", "SignatureVersion", "TracingConfig")
_SUBSCRIPTION = ("FilterPolicy", "FilterPolicyScope", "RawMessageDelivery", "RedrivePolicy")


class Topic(ResourceType):
    type = "AWS::SNS::Topic"
    properties: ClassVar[Schema] = {
        **whole(*_TOPIC, "ContentBasedDeduplication", "FifoTopic", "Tags", "TopicName"),
        "Subscription": whole("Endpoint", "Protocol"),
    }
    attributes = frozenset({"TopicArn", "TopicName"})
    replaced_by = frozenset({"FifoTopic", "TopicName"})
    name_property = "TopicName"
    name_limit = 256
    note = "subscriptions by e-mail are stored and never mailed"

    def create(self, request: Request) -> Outcome:
        names = (*_TOPIC, "ContentBasedDeduplication", "FifoTopic")
        attributes = {name: _text(request.properties[name]) for name in names if name in request.properties}
        params = request.pick("Tags") | {"Attributes": attributes}
        arn = request.aws("sns", "CreateTopic", Name=request.name, **params)["TopicArn"]
        request.created(arn)
        self._subscribe(request, arn)
        return Outcome(arn, {"TopicArn": arn, "TopicName": request.name})

    def update(self, request: Request) -> Outcome:
        arn = request.physical_id
        for name in (*_TOPIC, "ContentBasedDeduplication"):
            if request.changed(name):
                value = _text(request.properties.get(name, ""))
                request.aws(
                    "sns", "SetTopicAttributes", TopicArn=arn, AttributeName=name, AttributeValue=value
                )
        self._subscribe(request, arn)
        added, removed = tag_changes(request)
        if added:
            found = [{"Key": key, "Value": value} for key, value in added.items()]
            request.aws("sns", "TagResource", ResourceArn=arn, Tags=found)
        if removed:
            request.aws("sns", "UntagResource", ResourceArn=arn, TagKeys=removed)
        return Outcome(arn, request.attributes)

    def delete(self, request: Request) -> None:
        with ignoring("NotFound", "NotFoundException"):
            arn = request.physical_id
            found = request.aws("sns", "ListSubscriptionsByTopic", TopicArn=arn)["Subscriptions"]
            for subscription in found:
                request.aws("sns", "Unsubscribe", SubscriptionArn=subscription["SubscriptionArn"])
            request.aws("sns", "DeleteTopic", TopicArn=arn)

    def _subscribe(self, request: Request, arn: str) -> None:
        old, new = (side.get("Subscription", []) for side in (request.old, request.properties))
        for item in new:
            if item not in old:
                request.aws(
                    "sns", "Subscribe", TopicArn=arn, Protocol=item["Protocol"], Endpoint=item["Endpoint"]
                )
        stale = [item["Endpoint"] for item in old if item not in new]
        if stale:
            for found in request.aws("sns", "ListSubscriptionsByTopic", TopicArn=arn)["Subscriptions"]:
                if found["Endpoint"] in stale:
                    request.aws("sns", "Unsubscribe", SubscriptionArn=found["SubscriptionArn"])


class Subscription(ResourceType):
    type = "AWS::SNS::Subscription"
    properties = whole(*_SUBSCRIPTION, "Endpoint", "Protocol", "TopicArn")
    attributes = frozenset({"Arn"})
    replaced_by = frozenset({"Endpoint", "Protocol", "TopicArn"})

    def create(self, request: Request) -> Outcome:
        attributes = {n: _text(request.properties[n]) for n in _SUBSCRIPTION if n in request.properties}
        params = request.pick("Endpoint", "Protocol", "TopicArn")
        made = request.aws("sns", "Subscribe", Attributes=attributes, ReturnSubscriptionArn=True, **params)
        arn = made["SubscriptionArn"]
        return Outcome(arn, {"Arn": arn})

    def update(self, request: Request) -> Outcome:
        arn = request.physical_id
        for name in _SUBSCRIPTION:
            if request.changed(name):
                value = _text(request.properties.get(name, {} if name.endswith("Policy") else ""))
                request.aws(
                    "sns",
                    "SetSubscriptionAttributes",
                    SubscriptionArn=arn,
                    AttributeName=name,
                    AttributeValue=value,
                )
        return Outcome(arn, request.attributes)

    def delete(self, request: Request) -> None:
        with ignoring("NotFound", "NotFoundException"):
            request.aws("sns", "Unsubscribe", SubscriptionArn=request.physical_id)


class TopicPolicy(ResourceType):
    type = "AWS::SNS::TopicPolicy"
    properties = whole("PolicyDocument", "Topics")
    attributes = frozenset({"Id"})
    coverage = "partial"
    note = "stored and readable; the mirror does not enforce it"

    def create(self, request: Request) -> Outcome:
        self._put(request)
        return Outcome(request.name, {"Id": request.name})

    def update(self, request: Request) -> Outcome:
        self._put(request)
        return Outcome(request.physical_id, request.attributes)

    def delete(self, request: Request) -> None:
        """A topic always has a policy: the default returns when the topic is next created."""

    def _put(self, request: Request) -> None:
        policy = json.dumps(request.properties["PolicyDocument"])
        for arn in request.properties["Topics"]:
            request.aws(
                "sns", "SetTopicAttributes", TopicArn=arn, AttributeName="Policy", AttributeValue=policy
            )


def _text(value: Any) -> str:
    if isinstance(value, dict):
        return json.dumps(value)
    return str(value).lower() if isinstance(value, bool) else str(value)
