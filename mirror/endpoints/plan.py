"""What an endpoint runs, resolved: it outlives the configuration and the models it came from."""

from __future__ import annotations

from typing import Any

from mirror.api import Context, Document
from mirror.endpoints import configs, models

#: More processes than this serve no laptop; a variant's counts are still reported as asked for.
MAX_PROCESSES = 2
_STARTUP_TIMEOUT_S = 240

#: One variant: VariantName, Shadow, Weight, InstanceCount, Image, ModelDataUrl, Mode, Environment,
#: StartupTimeout, InstanceType or ServerlessConfig, and once it was
#: started ModelDir and DeployedAt.
Plan = list[dict[str, Any]]


def resolve(ctx: Context, config_name: str) -> Plan:
    """The plan of an endpoint configuration.

    Raises:
        ServiceError: the configuration, or a model it names, does not exist.
    """
    plan = []
    config = configs.find(ctx, config_name)
    shadows = config.get("ShadowProductionVariants", [])
    for variant in (*config["ProductionVariants"], *shadows):
        hosted = models.find(ctx, variant["ModelName"])["Hosted"]
        entry = {
            "VariantName": variant["VariantName"],
            "Shadow": variant in shadows,
            "Weight": variant["InitialVariantWeight"],
            "InstanceCount": variant.get("InitialInstanceCount", 1),
            "StartupTimeout": variant.get("ContainerStartupHealthCheckTimeoutInSeconds", _STARTUP_TIMEOUT_S),
            **hosted,
        }
        entry |= {key: variant[key] for key in ("InstanceType", "ServerlessConfig") if key in variant}
        plan.append(entry)
    return plan


def retain(new: Plan, old: Plan, excluded: set[str]) -> Plan:
    """`new` with the weights and counts that variants of the same name have now."""
    current = {variant["VariantName"]: variant for variant in old}
    fields = {"DesiredInstanceCount": "InstanceCount", "DesiredWeight": "Weight"}
    kept = [field for name, field in fields.items() if name not in excluded]
    return [
        variant | {field: current[variant["VariantName"]][field] for field in kept}
        if variant["VariantName"] in current
        else variant
        for variant in new
    ]


def processes(variant: Document) -> int:
    """How many server processes a variant gets."""
    return max(1, min(int(variant["InstanceCount"]), MAX_PROCESSES))


def summaries(plan: Plan, *, shadow: bool = False) -> list[Document]:
    """The plan as DescribeEndpoint's ``ProductionVariants``, or ``ShadowProductionVariants``."""
    found = []
    for variant in plan:
        if variant.get("Shadow", False) != shadow:
            continue
        summary: Document = {
            "VariantName": variant["VariantName"],
            "CurrentWeight": variant["Weight"],
            "DesiredWeight": variant["Weight"],
            "DeployedImages": [
                {
                    "SpecifiedImage": variant["Image"],
                    "ResolvedImage": variant["Image"],
                    "ResolutionTime": variant.get("DeployedAt"),
                }
            ],
        }
        if "ServerlessConfig" in variant:
            summary["CurrentServerlessConfig"] = variant["ServerlessConfig"]
            summary["DesiredServerlessConfig"] = variant["ServerlessConfig"]
        else:
            summary["CurrentInstanceCount"] = variant["InstanceCount"]
            summary["DesiredInstanceCount"] = variant["InstanceCount"]
        found.append(summary)
    return found
