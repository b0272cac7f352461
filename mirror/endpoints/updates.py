"""What SageMaker checks before it changes an endpoint."""

from __future__ import annotations

from moto.applicationautoscaling.models import applicationautoscaling_backends

from mirror.api import Context, Document, ServiceError
from mirror.endpoints.plan import Plan


def in_progress(endpoint: Document) -> ServiceError:
    """The refusal of a change while another is under way."""
    return ServiceError(
        "ValidationException", f'Cannot update in-progress endpoint "{endpoint["EndpointArn"]}".'
    )


def check_updatable(endpoint: Document) -> None:
    """Only an endpoint that is InService can be changed.

    Raises:
        ServiceError: it is Creating, Updating or Deleting, or Failed and can only be deleted.
    """
    status = endpoint["EndpointStatus"]
    if status == "Failed":
        raise ServiceError(
            "ValidationException",
            f'Cannot update endpoint "{endpoint["EndpointArn"]}" in status Failed: delete it and create '
            "it again.",
        )
    if status != "InService":
        raise in_progress(endpoint)


def check_scalable_targets(ctx: Context, endpoint: str, old: Plan, new: Plan) -> None:
    """A variant that scales by itself keeps its existence and its instance type.

    Raises:
        ServiceError: the update removes such a variant, or changes its instance type.
    """
    types = {variant["VariantName"]: variant.get("InstanceType") for variant in new}
    registered = _registered(ctx)
    blocked = [
        variant["VariantName"]
        for variant in old
        if f"endpoint/{endpoint}/variant/{variant['VariantName']}" in registered
        and (
            variant["VariantName"] not in types
            or types[variant["VariantName"]] != variant.get("InstanceType")
        )
    ]
    if blocked:
        raise ServiceError(
            "ValidationException",
            f'The variant(s) "[{", ".join(blocked)}]" must be deregistered as a scalable target with AWS '
            "Auto Scaling before they can be removed or have their instance type updated.",
        )


def resized(plan: Plan, desired: list[Document]) -> Plan:
    """`plan` with the desired weights and counts.

    Raises:
        ServiceError: a variant is not of this endpoint.
    """
    wanted = {item["VariantName"]: item for item in desired}
    unknown = sorted(set(wanted) - {variant["VariantName"] for variant in plan})
    if unknown:
        raise ServiceError(
            "ValidationException", f"The variant name(s) {', '.join(unknown)} is/are not in the endpoint."
        )
    fields = {"DesiredWeight": "Weight", "DesiredInstanceCount": "InstanceCount"}
    return [
        variant
        | {
            field: wanted[variant["VariantName"]][name]
            for name, field in fields.items()
            if name in wanted.get(variant["VariantName"], {})
        }
        for variant in plan
    ]


def _registered(ctx: Context) -> set[str]:
    backend = applicationautoscaling_backends[ctx.account][ctx.region]
    return {resource for targets in backend.targets.values() for resource in targets}
