"""The event "SageMaker Model Package State Change"."""

from __future__ import annotations

from mirror import events
from mirror.api import Context, Document
from mirror.timestamps import jsonable

# The members of the documented event; a consumer that needs more describes the package.
_DETAIL = (
    "ModelPackageName",
    "ModelPackageGroupName",
    "ModelPackageVersion",
    "ModelPackageArn",
    "ModelPackageDescription",
    "CreationTime",
    "CreatedBy",
    "InferenceSpecification",
    "ModelPackageStatus",
    "ModelPackageStatusDetails",
    "CertifyForMarketplace",
    "ModelApprovalStatus",
    "ApprovalDescription",
    "MetadataProperties",
    "ModelMetrics",
    "CustomerMetadataProperties",
    "LastModifiedTime",
    "LastModifiedBy",
)


def publish(ctx: Context, package: Document) -> None:
    """Tell the event bus about a package's creation or its new approval status."""
    detail = jsonable({field: package[field] for field in _DETAIL if field in package})
    events.publish(
        ctx, "aws.sagemaker", "SageMaker Model Package State Change", detail, [package["ModelPackageArn"]]
    )
