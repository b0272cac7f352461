"""One candidate for a night: a newer registration takes the place of those that still wait."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

PENDING, REJECTED = "PendingManualApproval", "Rejected"


def supersede(sagemaker: Any, package: Mapping[str, Any]) -> list[int]:
    """Reject older packages of the same night that nobody has decided on; their versions.

    An approved one stays: that was a person's decision. It is looked at once more right before the verdict,
    because SageMaker cannot make an update depend on a status.
    """
    night, version = _night(package), package["ModelPackageVersion"]
    pages = sagemaker.get_paginator("list_model_packages").paginate(
        ModelPackageGroupName=package["ModelPackageGroupName"], ModelApprovalStatus=PENDING
    )
    summaries = [summary for page in pages for summary in page["ModelPackageSummaryList"]]
    rejected = []
    for summary in summaries:
        if night is None or summary["ModelPackageVersion"] >= version:
            continue
        found = sagemaker.describe_model_package(ModelPackageName=summary["ModelPackageArn"])
        if _night(found) != night or found["ModelApprovalStatus"] != PENDING:
            continue
        sagemaker.update_model_package(
            ModelPackageArn=found["ModelPackageArn"],
            ModelApprovalStatus=REJECTED,
            ApprovalDescription=f"Superseded by version {version}: the night of {night} ran again and "
            "registered it before anybody decided on this one",
        )
        rejected.append(found["ModelPackageVersion"])
    return sorted(rejected)


def _night(package: Mapping[str, Any]) -> str | None:
    night: str | None = package.get("CustomerMetadataProperties", {}).get("as_of")
    return night
