"""What has to exist for a configuration and a package: a model and an endpoint configuration."""

from __future__ import annotations

import hashlib
import json
import re
from dataclasses import dataclass
from typing import Any

from cdk_app.functions.deployer.choice import Package
from cdk_app.functions.deployer.desired import Desired

_DIGEST_LENGTH = 12
_USUAL_METRICS_SECONDS = 60


@dataclass(frozen=True, slots=True)
class Plan:
    """Requests for one content; model and configuration share a name made from that content."""

    name: str
    package: Package | None
    model: dict[str, Any]
    config: dict[str, Any]


def plan(desired: Desired, package: Package | None) -> Plan:
    """The model and endpoint configuration that serve `package`, or the rules when it is None."""
    container: dict[str, Any] = (
        {"Image": desired.image} if package is None else {"ModelPackageName": package.arn}
    )
    environment = dict(desired.model_environment)
    if package is not None:
        environment["FRAUDLINE_MODEL_VERSION"] = package.label
    content: dict[str, dict[str, Any]] = {
        "model": {
            "PrimaryContainer": {**container, "Environment": environment},
            "ExecutionRoleArn": desired.role,
        },
        "variant": {"VariantName": desired.variant, "InstanceType": desired.instance_type},
    }
    if desired.metrics_seconds < _USUAL_METRICS_SECONDS:
        content["metrics"] = {
            "MetricsConfig": {
                "EnableEnhancedMetrics": True,
                "MetricPublishFrequencyInSeconds": desired.metrics_seconds,
            }
        }
    digest = hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()[:_DIGEST_LENGTH]
    name = f"{desired.endpoint}-{digest}"
    tags = [{"Key": key, "Value": value} for key, value in sorted(desired.tags.items())]
    return Plan(
        name=name,
        package=package,
        model={"ModelName": name, **content["model"], "Tags": tags},
        config={
            "EndpointConfigName": name,
            "ProductionVariants": [
                {
                    **content["variant"],
                    "ModelName": name,
                    # Not part of the content: scaling owns the count once the endpoint runs.
                    "InitialInstanceCount": desired.min_instances,
                    "InitialVariantWeight": 1.0,
                }
            ],
            **content.get("metrics", {}),
            "Tags": tags,
        },
    )


def is_planned(endpoint: str, name: str) -> bool:
    """Whether `name` is one that `plan` makes for `endpoint`."""
    return re.fullmatch(rf"{re.escape(endpoint)}-[0-9a-f]{{{_DIGEST_LENGTH}}}", name) is not None
