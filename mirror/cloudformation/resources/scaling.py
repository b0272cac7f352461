"""AWS::ApplicationAutoScaling::ScalableTarget and ScalingPolicy."""

from __future__ import annotations

from typing import ClassVar

from mirror.api import Document
from mirror.cloudformation.coverage import Schema, whole
from mirror.cloudformation.resource import Outcome, Request, ResourceType, ignoring, numbers

_TARGET = ("ResourceId", "ScalableDimension", "ServiceNamespace")


class ScalableTarget(ResourceType):
    type = "AWS::ApplicationAutoScaling::ScalableTarget"
    properties = whole(*_TARGET, "MaxCapacity", "MinCapacity", "RoleARN")
    attributes = frozenset({"Id"})
    replaced_by = frozenset(_TARGET)
    coverage = "partial"
    note = "stored and readable; the mirror does not scale"

    def create(self, request: Request) -> Outcome:
        return self._put(request)

    def update(self, request: Request) -> Outcome:
        return self._put(request)

    def delete(self, request: Request) -> None:
        with ignoring("ObjectNotFoundException"):
            request.aws("application-autoscaling", "DeregisterScalableTarget", **request.pick(*_TARGET))

    def _put(self, request: Request) -> Outcome:
        params = request.pick(*_TARGET, "RoleARN") | numbers(request.properties, "MaxCapacity", "MinCapacity")
        request.aws("application-autoscaling", "RegisterScalableTarget", **params)
        found = request.properties
        physical_id = "|".join(found[name] for name in _TARGET)
        return Outcome(physical_id, {"Id": physical_id})


class ScalingPolicy(ResourceType):
    type = "AWS::ApplicationAutoScaling::ScalingPolicy"
    properties: ClassVar[Schema] = {
        **whole(*_TARGET, "PolicyName", "PolicyType", "ScalingTargetId"),
        "TargetTrackingScalingPolicyConfiguration": {
            **whole("DisableScaleIn", "ScaleInCooldown", "ScaleOutCooldown", "TargetValue"),
            "CustomizedMetricSpecification": whole(
                "Dimensions", "MetricName", "Namespace", "Statistic", "Unit"
            ),
            "PredefinedMetricSpecification": whole("PredefinedMetricType", "ResourceLabel"),
        },
    }
    attributes = frozenset({"Arn"})
    replaced_by = frozenset({*_TARGET, "PolicyName", "ScalingTargetId"})
    name_property = "PolicyName"
    name_limit = 256
    coverage = "partial"
    note = "target tracking only; stored and readable; the mirror does not scale"

    def create(self, request: Request) -> Outcome:
        return self._put(request, request.name)

    def update(self, request: Request) -> Outcome:
        return self._put(request, request.properties["PolicyName"])

    def delete(self, request: Request) -> None:
        with ignoring("ObjectNotFoundException"):
            name = request.properties["PolicyName"]
            target = _target(request.properties)
            request.aws("application-autoscaling", "DeleteScalingPolicy", PolicyName=name, **target)

    def _put(self, request: Request, name: str) -> Outcome:
        params = request.pick("PolicyType") | _target(request.properties)
        if "TargetTrackingScalingPolicyConfiguration" in request.properties:
            config = dict(request.properties["TargetTrackingScalingPolicyConfiguration"])
            config |= numbers(config, "ScaleInCooldown", "ScaleOutCooldown")
            config["TargetValue"] = float(config["TargetValue"])
            params["TargetTrackingScalingPolicyConfiguration"] = config
        made = request.aws("application-autoscaling", "PutScalingPolicy", PolicyName=name, **params)
        return Outcome(made["PolicyARN"], {"Arn": made["PolicyARN"]})


def _target(properties: Document) -> Document:
    if "ScalingTargetId" in properties:
        return dict(zip(_TARGET, properties["ScalingTargetId"].split("|"), strict=True))
    return {name: properties[name] for name in _TARGET}
