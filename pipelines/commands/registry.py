"""The model registry as a reviewer needs it: versions, their figures, and a verdict."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from urllib.parse import urlsplit

from botocore.exceptions import ClientError

SHADOW = "shadow"
"""The property of a package that was approved as a shadow; `cdk_app.functions.deployer.registry` reads it."""

REVIEWER = "reviewer"
"""The property of a package that holds the ARN of who decided on it last."""

APPROVED, REJECTED, PENDING = "Approved", "Rejected", "PendingManualApproval"
_LONGEST_COMMENT = 1024  # characters that SageMaker keeps as ApprovalDescription


class RegistryError(Exception):
    """No such model, or the registry refused; the message says what to do."""


@dataclass(frozen=True, slots=True)
class ModelVersion:
    """One registered model.

    Attributes:
        reviewer: ARN of who decided on it last; None while nobody has.
        summary: the evaluation's main figures as texts.
        shadow: it was approved as a shadow only.
        card: the model card's content and status, as SageMaker keeps them; empty while there is none.
    """

    arn: str
    version: int
    status: str
    created: datetime
    comment: str | None
    summary: dict[str, str]
    report_uri: str | None
    model_uri: str | None
    shadow: bool = False
    reviewer: str | None = None
    card: dict[str, str] = field(default_factory=dict)

    @property
    def verdict(self) -> str:
        """The status for people."""
        return f"{self.status} as shadow" if self.shadow and self.status == APPROVED else self.status

    @property
    def card_status(self) -> str | None:
        """How far the model card is: PendingReview or Approved; None while there is none."""
        return self.card.get("ModelCardStatus")

    def as_dict(self) -> dict[str, Any]:
        """The version as a JSON document."""
        return {
            "version": self.version,
            "arn": self.arn,
            "status": self.status,
            "shadow": self.shadow,
            "created": self.created.isoformat(),
            "comment": self.comment,
            "reviewer": self.reviewer,
            "summary": self.summary,
            "report": self.report_uri,
            "model": self.model_uri,
            "card_status": self.card_status,
        }


def list_versions(sagemaker: Any, group: str) -> list[ModelVersion]:
    """All versions of a model package group, newest first.

    Raises:
        RegistryError: there is no such group.
    """
    pages = sagemaker.get_paginator("list_model_packages").paginate(
        ModelPackageGroupName=group, ModelPackageType="Versioned"
    )
    try:
        arns = [item["ModelPackageArn"] for page in pages for item in page["ModelPackageSummaryList"]]
    except ClientError as error:
        raise RegistryError(f"{group}: {error}; deploy the platform first (`cdk deploy --all`)") from error
    return sorted((describe(sagemaker, arn) for arn in arns), key=lambda v: v.version, reverse=True)


def describe(sagemaker: Any, arn: str) -> ModelVersion:
    """One version by the ARN of its package."""
    package = sagemaker.describe_model_package(ModelPackageName=arn)
    statistics = package.get("ModelMetrics", {}).get("ModelQuality", {}).get("Statistics", {})
    containers = package.get("InferenceSpecification", {}).get("Containers", [{}])
    properties = package.get("CustomerMetadataProperties", {})
    return ModelVersion(
        arn=package["ModelPackageArn"],
        version=package["ModelPackageVersion"],
        status=package["ModelApprovalStatus"],
        created=package["CreationTime"],
        comment=package.get("ApprovalDescription"),
        summary={name: value for name, value in properties.items() if name not in (SHADOW, REVIEWER)},
        report_uri=statistics.get("S3Uri"),
        model_uri=containers[0].get("ModelDataUrl"),
        shadow=SHADOW in properties,
        reviewer=properties.get(REVIEWER),
        card=package.get("ModelCard", {}),
    )


def find(sagemaker: Any, group: str, wanted: str) -> ModelVersion:
    """The version a reviewer means: a number, an ARN, or ``latest``.

    Raises:
        RegistryError: there is no such version; the message lists those there are.
    """
    versions = list_versions(sagemaker, group)
    if not versions:
        raise RegistryError(f"{group} has no models yet: run the pipeline with `fraudline pipeline run`")
    for version in versions:
        if wanted in ("latest", str(version.version), version.arn):
            return version
    known = ", ".join(str(version.version) for version in versions)
    raise RegistryError(f"{group} has no version {wanted!r}: use one of {known}, or latest")


def decide(
    sagemaker: Any, version: ModelVersion, status: str, comment: str, *, reviewer: str, shadow: bool = False
) -> ModelVersion:
    """Record a reviewer's verdict (`APPROVED` or `REJECTED`); returns the version as it then is.

    Args:
        reviewer: ARN of who decides, as STS names the caller.
        shadow: it may decide beside the model that answers, and nobody is told what.

    Raises:
        RegistryError: the comment is longer than SageMaker keeps.
    """
    if len(comment) > _LONGEST_COMMENT:
        raise RegistryError(
            f"comment: {len(comment)} characters are more than the {_LONGEST_COMMENT} that SageMaker keeps; "
            "shorten it, or refer to a document"
        )
    properties = {REVIEWER: reviewer} | ({SHADOW: "yes"} if shadow else {})
    marks: dict[str, Any] = {"CustomerMetadataProperties": properties}
    if version.shadow and not shadow:
        marks["CustomerMetadataPropertiesToRemove"] = [SHADOW]
    if version.status == status == APPROVED and version.shadow != shadow:
        # Only a change of the status is told to the deployer.
        sagemaker.update_model_package(ModelPackageArn=version.arn, ModelApprovalStatus=PENDING)
    sagemaker.update_model_package(
        ModelPackageArn=version.arn, ModelApprovalStatus=status, ApprovalDescription=comment, **marks
    )
    decided = describe(sagemaker, version.arn)
    return _with_card(sagemaker, decided)


def _with_card(sagemaker: Any, version: ModelVersion) -> ModelVersion:
    """The version, its card approved exactly when it is.

    A card of a rejected model waits for review again: SageMaker never lets an archived one change back.
    Where the card is not there yet, who attaches it (`cdk_app.functions.nightly.card`) looks at the verdict.
    """
    wanted = "Approved" if version.status == APPROVED else "PendingReview"
    if not version.card or version.card_status == wanted:
        return version
    sagemaker.update_model_package(
        ModelPackageArn=version.arn, ModelCard={**version.card, "ModelCardStatus": wanted}
    )
    return describe(sagemaker, version.arn)


def caller(sts: Any) -> str:
    """ARN of the identity that calls; a reviewer cannot choose it."""
    arn: str = sts.get_caller_identity()["Arn"]
    return arn


def report(s3: Any, version: ModelVersion) -> dict[str, Any]:
    """The evaluation report of a version.

    Raises:
        RegistryError: the package names no report, or it cannot be read.
    """
    if version.report_uri is None:
        raise RegistryError(f"version {version.version} has no evaluation report")
    uri = urlsplit(version.report_uri)
    try:
        body = s3.get_object(Bucket=uri.netloc, Key=uri.path.lstrip("/"))["Body"].read()
    except ClientError as error:
        raise RegistryError(f"{version.report_uri} cannot be read: {error}") from error
    document: dict[str, Any] = json.loads(body)
    return document
