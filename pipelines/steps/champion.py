"""FindChampion: the model in production at this moment, for the evaluation to compare with."""

from __future__ import annotations

import argparse
import os
from collections.abc import Callable
from typing import Any
from urllib.parse import urlsplit

import boto3
from botocore.exceptions import ClientError

from feature_groups.names import Names
from pipelines.evaluation.model import ARCHIVE
from pipelines.evaluation.places import CHAMPION_FILE, NO_CHAMPION
from pipelines.steps.container import StepError, processing_output, run
from pipelines.steps.dataset import write_json

_SHADOW = "shadow"  # the property of a package that may decide, and nobody is told what
_ALREADY_THERE = {"pipeline_execution", "report"}

Document = dict[str, Any]


def main(arguments: list[str]) -> None:
    """Write ``champion.json`` and, where a model is in production, its ``model.tar.gz``.

    Raises:
        StepError: its archive cannot be read.
    """
    options = _parser().parse_args(arguments)
    # A processing job is told its region as AWS_REGION, which boto3 does not look at.
    region = os.environ.get("AWS_REGION") or os.environ.get("AWS_DEFAULT_REGION")
    sagemaker = boto3.client("sagemaker", region_name=region)
    package = in_production(sagemaker, options.group, Names(options.environment).endpoint)
    folder = processing_output("champion")
    if package is None:
        write_json({"package": NO_CHAMPION}, folder / CHAMPION_FILE)
        print(f"{options.group}: no model is in production")
        return
    archive = str(package["InferenceSpecification"]["Containers"][0].get("ModelDataUrl", ""))
    version = int(package["ModelPackageVersion"])
    parts = urlsplit(archive)
    try:
        boto3.client("s3", region_name=region).download_file(
            parts.netloc, parts.path.lstrip("/"), str(folder / ARCHIVE)
        )
    except (ClientError, ValueError) as error:
        raise StepError(
            f"champion: {archive or 'no archive'} of version {version}, which is in production, cannot be "
            f"read: {error}; put it back, or reject the version"
        ) from None
    properties = package.get("CustomerMetadataProperties", {})
    summary = {name: value for name, value in properties.items() if name not in _ALREADY_THERE}
    found = {
        "package": package["ModelPackageArn"],
        "version": version,
        "archive": archive,
        "summary": summary,
    }
    write_json(found, folder / CHAMPION_FILE)
    print(f"{options.group}: version {version} is in production, {archive}")


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


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="pipelines.steps.champion", description=__doc__)
    parser.add_argument("--environment", required=True, help="which deployment's endpoint")
    parser.add_argument("--group", required=True, help="model package group")
    return parser


if __name__ == "__main__":
    raise SystemExit(run(main))
