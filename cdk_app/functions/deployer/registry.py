"""Reads model packages from the registry."""

from __future__ import annotations

from typing import Any

from botocore.exceptions import ClientError

from cdk_app.functions.deployer.choice import Package
from cdk_app.functions.deployer.errors import is_missing

SHADOW = "shadow"
"""The property of a package that was approved as a shadow (`fraudline models approve --shadow`)."""


class Registry:
    """The packages of one model package group."""

    def __init__(self, sagemaker: Any, group: str) -> None:
        self._sagemaker = sagemaker
        self._group = group

    def find(self, arn: str | None) -> Package | None:
        """The package of that ARN, or None when it is not there or belongs to another group."""
        if arn is None:
            return None
        try:
            found = self._sagemaker.describe_model_package(ModelPackageName=arn)
        except ClientError as error:
            if is_missing(error):
                return None
            raise
        if found.get("ModelPackageGroupName") != self._group:
            return None
        complete = found["ModelPackageStatus"] == "Completed"
        return Package(
            arn=found["ModelPackageArn"],
            label=f"{self._group}/{found['ModelPackageVersion']}",
            approved=complete and found["ModelApprovalStatus"] == "Approved",
            changed_at=found.get("LastModifiedTime") or found["CreationTime"],
            shadow=SHADOW in found.get("CustomerMetadataProperties", {}),
            data_url=_data_url(found),
        )

    def newest_approved(self, *, shadow: bool = False) -> Package | None:
        """The package with the highest version that is approved to answer, or as shadow."""
        pages = self._sagemaker.get_paginator("list_model_packages").paginate(
            ModelPackageGroupName=self._group, ModelApprovalStatus="Approved"
        )
        summaries = [summary for page in pages for summary in page["ModelPackageSummaryList"]]
        for summary in sorted(summaries, key=lambda item: -int(item["ModelPackageVersion"])):
            package = self.find(summary["ModelPackageArn"])
            if package is not None and package.approved and package.shadow == shadow:
                return package
        return None


def _data_url(found: dict[str, Any]) -> str:
    containers = found.get("InferenceSpecification", {}).get("Containers", [])
    return str(containers[0].get("ModelDataUrl", "")) if containers else ""
