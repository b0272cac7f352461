"""Every resource type the mirror builds; `SUPPORTED` is the declarative table of them."""

from __future__ import annotations

from mirror.cloudformation.coverage import TypeCoverage
from mirror.cloudformation.resource import ResourceType
from mirror.cloudformation.resources import (
    buckets,
    custom,
    endpoints,
    feature_groups,
    flink,
    functions,
    keys,
    model_packages,
    monitoring,
    parameters,
    pipelines,
    queues,
    repositories,
    roles,
    rules,
    scaling,
    schedules,
    schemas,
    streams,
    tables,
    topics,
)

_TYPES: tuple[ResourceType, ...] = (
    buckets.Bucket(),
    buckets.BucketPolicy(),
    custom.CustomResource(),
    custom.Metadata(),
    endpoints.Endpoint(),
    endpoints.EndpointConfig(),
    endpoints.Model(),
    feature_groups.FeatureGroup(),
    flink.Application(),
    flink.LoggingOption(),
    functions.EventInvokeConfig(),
    functions.Function(),
    functions.Permission(),
    keys.Alias(),
    keys.Key(),
    model_packages.ModelPackageGroup(),
    monitoring.Alarm(),
    monitoring.Dashboard(),
    monitoring.LogGroup(),
    monitoring.LogStream(),
    parameters.Parameter(),
    pipelines.Pipeline(),
    queues.Queue(),
    queues.QueuePolicy(),
    repositories.Repository(),
    roles.ManagedPolicy(),
    roles.Policy(),
    roles.Role(),
    rules.Rule(),
    scaling.ScalableTarget(),
    scaling.ScalingPolicy(),
    schedules.Schedule(),
    schedules.ScheduleGroup(),
    schemas.Registry(),
    schemas.Schema(),
    schemas.SchemaVersion(),
    streams.Stream(),
    tables.Table(),
    topics.Subscription(),
    topics.Topic(),
    topics.TopicPolicy(),
)
_BY_NAME = {kind.type: kind for kind in _TYPES}

SUPPORTED: dict[str, TypeCoverage] = {kind.type: kind.table() for kind in _TYPES}


def resource_type(name: str) -> ResourceType | None:
    """The type called `name`; every ``Custom::`` type is a custom resource."""
    if name.startswith("Custom::"):
        name = "AWS::CloudFormation::CustomResource"
    return _BY_NAME.get(name)
