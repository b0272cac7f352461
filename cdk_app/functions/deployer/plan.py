"""What has to exist for a configuration and its packages: models and an endpoint configuration."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from cdk_app.functions.deployer.choice import Package
from cdk_app.functions.deployer.desired import Desired

SHADOW_VARIANT = "shadow"
MODEL_PACKAGES = "FRAUDLINE_MODEL_PACKAGES"
"""Environment of a container with several models: JSON of package ARNs by archive."""

USUAL_METRICS_SECONDS = 60
"""How often every endpoint publishes its metrics."""

_DIGEST_LENGTH = 12


@dataclass(frozen=True, slots=True)
class Chosen:
    """The packages that an endpoint serves.

    Attributes:
        package: what answers; None: the rules, or `by_archive`.
        shadow: decides a share of the requests too.
        by_archive: one package for each fraud type that has an approved one, by the name of its archive.
    """

    package: Package | None = None
    shadow: Package | None = None
    by_archive: Mapping[str, Package] = field(default_factory=dict)

    @property
    def served(self) -> str:
        """ARNs of what answers; empty when the rules do."""
        if self.package is not None:
            return self.package.arn
        return ", ".join(package.arn for _, package in sorted(self.by_archive.items()))


@dataclass(frozen=True, slots=True)
class Plan:
    """Requests for one content; a model and its configuration share a name made from that content.

    Attributes:
        models: of CreateModel.
        config: of CreateEndpointConfig.
        archives: S3 URIs to copy before that: where from, by where to.
    """

    name: str
    chosen: Chosen
    models: tuple[dict[str, Any], ...]
    config: dict[str, Any]
    archives: Mapping[str, str]

    @property
    def names(self) -> frozenset[str]:
        return frozenset([self.name, *(model["ModelName"] for model in self.models)])


def archive_of(fraud_type: str) -> str:
    """What callers name as TargetModel."""
    return f"{fraud_type}.tar.gz"


def plan(desired: Desired, chosen: Chosen) -> Plan:
    """The models and the endpoint configuration that serve `chosen`, or the rules when nothing is."""
    several = bool(desired.model_types)
    container = _several(desired, chosen) if several else _one(desired, chosen.package)
    content: dict[str, dict[str, Any]] = {
        "model": {"PrimaryContainer": container, "ExecutionRoleArn": desired.role},
        "variant": {"VariantName": desired.variant, **_capacity(desired)},
    }
    if desired.metrics_seconds < USUAL_METRICS_SECONDS:
        content["metrics"] = {
            "MetricsConfig": {
                "EnableEnhancedMetrics": True,
                "MetricPublishFrequencyInSeconds": desired.metrics_seconds,
            }
        }
    if chosen.shadow is not None:
        shadow = _one(desired, chosen.shadow)
        shadow["Environment"] |= desired.shadow_environment
        content["shadow"] = {"PrimaryContainer": shadow, "ExecutionRoleArn": desired.role}
        content["share"] = {"InitialVariantWeight": desired.shadow_percent / 100}
    name = _name(desired, content)
    tags = [{"Key": key, "Value": value} for key, value in sorted(desired.tags.items())]
    archives = {}
    if several:
        prefix = f"{desired.archives_uri}{name}/"
        container["ModelDataUrl"] = prefix
        archives = {prefix + archive: package.data_url for archive, package in chosen.by_archive.items()}
    models = [{"ModelName": name, **content["model"], "Tags": tags}]
    config = {
        "EndpointConfigName": name,
        "ProductionVariants": [
            {**_counted(desired, content["variant"]), "ModelName": name, "InitialVariantWeight": 1.0}
        ],
    }
    if "shadow" in content:
        shadow_name = _name(desired, {"shadow": content["shadow"]})
        models.append({"ModelName": shadow_name, **content["shadow"], "Tags": tags})
        variant = {"VariantName": SHADOW_VARIANT, **_capacity(desired), **content["share"]}
        config["ShadowProductionVariants"] = [{**_counted(desired, variant), "ModelName": shadow_name}]
    return Plan(name, chosen, tuple(models), {**config, **content.get("metrics", {}), "Tags": tags}, archives)


def is_planned(endpoint: str, name: str) -> bool:
    """Whether `name` is one that `plan` makes for `endpoint`."""
    return re.fullmatch(rf"{re.escape(endpoint)}-[0-9a-f]{{{_DIGEST_LENGTH}}}", name) is not None


def _one(desired: Desired, package: Package | None) -> dict[str, Any]:
    environment = dict(desired.model_environment)
    if package is None:
        return {"Image": desired.image, "Environment": environment}
    environment["FRAUDLINE_MODEL_VERSION"] = package.label
    return {"ModelPackageName": package.arn, "Environment": environment}


def _several(desired: Desired, chosen: Chosen) -> dict[str, Any]:
    """A container whose ``ModelDataUrl`` is added when the name is known."""
    packages = {archive: package.arn for archive, package in sorted(chosen.by_archive.items())}
    environment = {**desired.model_environment, MODEL_PACKAGES: json.dumps(packages)}
    return {"Image": desired.image, "Mode": "MultiModel", "Environment": environment}


def _capacity(desired: Desired) -> dict[str, Any]:
    if desired.serverless:
        return {"ServerlessConfig": desired.serverless}
    return {"InstanceType": desired.instance_type}


def _counted(desired: Desired, variant: dict[str, Any]) -> dict[str, Any]:
    """With its instances, which are not part of the content: scaling owns their count once they run."""
    return variant if desired.serverless else {**variant, "InitialInstanceCount": desired.min_instances}


def _name(desired: Desired, content: dict[str, Any]) -> str:
    digest = hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()[:_DIGEST_LENGTH]
    return f"{desired.endpoint}-{digest}"
