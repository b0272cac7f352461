"""The model in production: what the endpoint serves while approved, else the newest approved version."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from botocore.exceptions import ClientError

_SHADOW = "shadow"  # the property of a package that may decide, and nobody is told what

Document = dict[str, Any]


def in_production(sagemaker: Any, group: str, endpoint: str) -> Document | None:
    """The package that the deployer keeps in service: what the endpoint serves while it is approved, else
    the newest version that is approved to answer; None where there is neither.
    """
    serving = _serving(sagemaker, endpoint)
    if serving is not None:
        package = _found(sagemaker.describe_model_package, ModelPackageName=serving)
        if package is not None and _may_answer(package, group):
            return package
    for summary in _approved(sagemaker, group):
        package = _found(sagemaker.describe_model_package, ModelPackageName=summary["ModelPackageArn"])
        if package is not None and _may_answer(package, group):
            return package
    return None


def _serving(sagemaker: Any, endpoint: str) -> str | None:
    """ARN of the package behind the endpoint; None without one, and while it serves rules or several."""
    described = _found(sagemaker.describe_endpoint, EndpointName=endpoint)
    if described is None:
        return None
    config = _found(
        sagemaker.describe_endpoint_config, EndpointConfigName=described.get("EndpointConfigName", "")
    )
    if config is None:
        return None
    model = _found(sagemaker.describe_model, ModelName=config["ProductionVariants"][0]["ModelName"])
    served: str | None = (model or {}).get("PrimaryContainer", {}).get("ModelPackageName")
    return served


def _approved(sagemaker: Any, group: str) -> list[Document]:
    """Approved versions, the newest first."""
    pages = sagemaker.get_paginator("list_model_packages").paginate(
        ModelPackageGroupName=group, ModelApprovalStatus="Approved"
    )
    try:
        summaries = [summary for page in pages for summary in page["ModelPackageSummaryList"]]
    except ClientError as error:
        if _is_missing(error):
            return []
        raise
    return sorted(summaries, key=lambda item: -int(item["ModelPackageVersion"]))


def _may_answer(package: Document, group: str) -> bool:
    return (
        package.get("ModelPackageGroupName") == group
        and package["ModelPackageStatus"] == "Completed"
        and package["ModelApprovalStatus"] == "Approved"
        and _SHADOW not in package.get("CustomerMetadataProperties", {})
    )


def _found(describe: Callable[..., Document], **request: str) -> Document | None:
    try:
        return describe(**request)
    except ClientError as error:
        if _is_missing(error):
            return None
        raise


def _is_missing(error: ClientError) -> bool:
    code, message = error.response["Error"]["Code"], error.response["Error"]["Message"].lower()
    return code == "ResourceNotFound" or (
        code == "ValidationException" and ("could not find" in message or "does not exist" in message)
    )
