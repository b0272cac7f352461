"""Create, Describe, List, Update and Delete of model packages."""

from __future__ import annotations

from typing import Any

from mirror import listing, tags
from mirror.api import Context, Document, ServiceError, operation
from mirror.documents import Collection, utcnow
from mirror.registry import notices, store

_NOT_DESCRIBED = ("Tags", "ClientToken")
_SUMMARY = (
    "ModelPackageName",
    "ModelPackageGroupName",
    "ModelPackageVersion",
    "ModelPackageArn",
    "ModelPackageDescription",
    "CreationTime",
    "ModelPackageStatus",
    "ModelApprovalStatus",
    "ModelLifeCycle",
    "ModelPackageRegistrationType",
)
_REPLACED = (
    "ModelApprovalStatus",
    "ModelPackageRegistrationType",
    "ApprovalDescription",
    "InferenceSpecification",
    "SourceUri",
    "ModelCard",
    "ModelLifeCycle",
)


@operation(
    "sagemaker",
    "CreateModelPackage",
    coverage="partial",
    note="A ValidationSpecification is kept, its transform jobs are not run; images are not scanned.",
)
def create_model_package(ctx: Context, params: Document) -> Document:
    group, name = params.get("ModelPackageGroupName"), params.get("ModelPackageName")
    if bool(group) == bool(name):
        raise ServiceError(
            "ValidationException",
            "Give either ModelPackageGroupName (a version of the group) or ModelPackageName (unversioned)",
        )
    if not params.get("InferenceSpecification") and not params.get("SourceAlgorithmSpecification"):
        raise ServiceError(
            "ValidationException",
            "Give InferenceSpecification or SourceAlgorithmSpecification: what the package holds",
        )
    known = _by_token(ctx, params)
    if known is not None:
        return {"ModelPackageArn": known["ModelPackageArn"]}
    own = _versioned(ctx, params) if group else _unversioned(ctx, params)
    document = {
        **{key: value for key, value in params.items() if key not in _NOT_DESCRIBED},
        **own,
        "CreationTime": utcnow(),
        "CreatedBy": store.identity(ctx),
        "ModelPackageStatus": "Completed",
        "ModelPackageStatusDetails": {"ValidationStatuses": [], "ImageScanStatuses": []},
        "CertifyForMarketplace": params.get("CertifyForMarketplace", False),
    }
    arn = document["ModelPackageArn"]
    store.packages(ctx).put(ctx.region, store.package_key(arn), document)
    if params.get("ClientToken"):
        _tokens(ctx).put(ctx.region, params["ClientToken"], {"ModelPackageArn": arn})
    if params.get("Tags"):
        tags.put(ctx.cloud, arn, params["Tags"])
    notices.publish(ctx, document)
    return {"ModelPackageArn": arn}


@operation("sagemaker", "DescribeModelPackage")
def describe_model_package(ctx: Context, params: Document) -> Document:
    return store.get_package(ctx, params["ModelPackageName"])


@operation("sagemaker", "BatchDescribeModelPackage")
def batch_describe_model_package(ctx: Context, params: Document) -> Document:
    fields = (*_SUMMARY[1:], "InferenceSpecification")
    found: Document = {}
    errors: Document = {}
    for arn in params["ModelPackageArnList"]:
        try:
            package = store.get_package(ctx, arn)
            found[arn] = {field: package[field] for field in fields if field in package}
        except ServiceError as error:
            errors[arn] = {"ErrorCode": error.code, "ErrorResponse": error.message}
    return {"ModelPackageSummaries": found, "BatchDescribeModelPackageErrorMap": errors}


@operation("sagemaker", "ListModelPackages")
def list_model_packages(ctx: Context, params: Document) -> Document:
    if params.get("ModelPackageGroupName"):
        group = store.get_group(ctx, params["ModelPackageGroupName"])["ModelPackageGroupName"]
        found = store.packages(ctx).values(ctx.region, f"{group}/")
    else:
        wanted = {"Versioned": (True,), "Both": (True, False)}.get(
            params.get("ModelPackageType", ""), (False,)
        )
        every = store.packages(ctx).values(ctx.region)
        found = [package for package in every if ("ModelPackageVersion" in package) in wanted]
    found = listing.between(found, params, {"CreationTime": ("CreationTimeAfter", "CreationTimeBefore")})
    if params.get("ModelApprovalStatus"):
        found = [p for p in found if p.get("ModelApprovalStatus") == params["ModelApprovalStatus"]]
    if params.get("NameContains"):
        found = [p for p in found if params["NameContains"].lower() in p["ModelPackageArn"].lower()]
    fields = {"Name": "ModelPackageArn", "CreationTime": "CreationTime"}
    ordered = listing.arrange(found, params, fields, default="CreationTime")
    brief = [{field: package[field] for field in _SUMMARY if field in package} for package in ordered]
    return listing.page(brief, params, "ModelPackageSummaryList")


@operation("sagemaker", "UpdateModelPackage")
def update_model_package(ctx: Context, params: Document) -> Document:
    arn = params["ModelPackageArn"]
    before = store.get_package(ctx, arn)
    if "ModelPackageVersion" not in before and "ModelApprovalStatus" in params:
        raise ServiceError(
            "ValidationException", "ModelApprovalStatus: an unversioned model package has none"
        )

    def change(package: Document) -> None:
        package |= {field: params[field] for field in _REPLACED if field in params}
        properties: dict[str, Any] = package.get("CustomerMetadataProperties", {})
        properties |= params.get("CustomerMetadataProperties", {})
        for key in params.get("CustomerMetadataPropertiesToRemove", []):
            properties.pop(key, None)
        if properties or "CustomerMetadataProperties" in package:
            package["CustomerMetadataProperties"] = properties
        if added := params.get("AdditionalInferenceSpecificationsToAdd"):
            package.setdefault("AdditionalInferenceSpecifications", []).extend(added)
        package |= {"LastModifiedTime": utcnow(), "LastModifiedBy": store.identity(ctx)}

    after = store.packages(ctx).update(ctx.region, store.package_key(arn), change)
    if after is not None and after.get("ModelApprovalStatus") != before.get("ModelApprovalStatus"):
        notices.publish(ctx, after)
    return {"ModelPackageArn": arn}


@operation("sagemaker", "DeleteModelPackage")
def delete_model_package(ctx: Context, params: Document) -> Document:
    package = store.get_package(ctx, params["ModelPackageName"])
    store.packages(ctx).delete(ctx.region, store.package_key(package["ModelPackageArn"]))
    tags.forget(ctx.cloud, package["ModelPackageArn"])
    return {}


def _versioned(ctx: Context, params: Document) -> Document:
    group = store.get_group(ctx, params["ModelPackageGroupName"])["ModelPackageGroupName"]
    version = store.next_version(ctx, group)
    return {
        "ModelPackageName": group,
        "ModelPackageGroupName": group,
        "ModelPackageVersion": version,
        "ModelPackageArn": ctx.arn("sagemaker", f"model-package/{group}/{version}"),
        "ModelApprovalStatus": params.get("ModelApprovalStatus", "PendingManualApproval"),
    }


def _unversioned(ctx: Context, params: Document) -> Document:
    name = params["ModelPackageName"]
    if "ModelApprovalStatus" in params:
        raise ServiceError("ValidationException", "ModelApprovalStatus: only for a package in a group")
    arn = ctx.arn("sagemaker", f"model-package/{name}")
    if store.packages(ctx).get(ctx.region, store.package_key(arn)) is not None:
        raise ServiceError("ConflictException", f"Model Package already exists: {arn}")
    return {"ModelPackageArn": arn}


def _tokens(ctx: Context) -> Collection:
    return ctx.cloud.documents.collection("model-package-token")


def _by_token(ctx: Context, params: Document) -> Document | None:
    """The package that an earlier request with this ClientToken made."""
    token = params.get("ClientToken")
    return _tokens(ctx).get(ctx.region, token) if token else None
