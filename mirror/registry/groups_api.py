"""Create, Describe, List and Delete of model package groups."""

from __future__ import annotations

from mirror import listing, tags
from mirror.api import Context, Document, ServiceError, operation
from mirror.documents import utcnow
from mirror.registry import store

_SUMMARY = (
    "ModelPackageGroupName",
    "ModelPackageGroupArn",
    "ModelPackageGroupDescription",
    "CreationTime",
    "ModelPackageGroupStatus",
)


@operation("sagemaker", "CreateModelPackageGroup")
def create_model_package_group(ctx: Context, params: Document) -> Document:
    name = params["ModelPackageGroupName"]
    arn = store.group_arn(ctx, name)
    if store.groups(ctx).get(ctx.region, name) is not None:
        raise ServiceError("ValidationException", f"Model Package Group already exists: {arn}")
    document = {
        **{key: value for key, value in params.items() if key != "Tags"},
        "ModelPackageGroupArn": arn,
        "CreationTime": utcnow(),
        "CreatedBy": store.identity(ctx),
        "ModelPackageGroupStatus": "Completed",
    }
    store.groups(ctx).put(ctx.region, name, document)
    if params.get("Tags"):
        tags.put(ctx.cloud, arn, params["Tags"])
    return {"ModelPackageGroupArn": arn}


@operation("sagemaker", "DescribeModelPackageGroup")
def describe_model_package_group(ctx: Context, params: Document) -> Document:
    return store.get_group(ctx, params["ModelPackageGroupName"])


@operation("sagemaker", "ListModelPackageGroups")
def list_model_package_groups(ctx: Context, params: Document) -> Document:
    found = listing.between(
        store.groups(ctx).values(ctx.region),
        params,
        {"CreationTime": ("CreationTimeAfter", "CreationTimeBefore")},
    )
    part = params.get("NameContains", "").lower()
    found = [group for group in found if part in group["ModelPackageGroupName"].lower()]
    fields = {"Name": "ModelPackageGroupName", "CreationTime": "CreationTime"}
    ordered = listing.arrange(found, params, fields, default="CreationTime")
    brief = [{field: group[field] for field in _SUMMARY if field in group} for group in ordered]
    return listing.page(brief, params, "ModelPackageGroupSummaryList")


@operation("sagemaker", "DeleteModelPackageGroup")
def delete_model_package_group(ctx: Context, params: Document) -> Document:
    group = store.get_group(ctx, params["ModelPackageGroupName"])
    name = group["ModelPackageGroupName"]
    remaining = sum(1 for _ in store.packages(ctx).items(ctx.region, f"{name}/"))
    if remaining:
        raise ServiceError(
            "ConflictException",
            f"Model Package Group {group['ModelPackageGroupArn']} cannot be deleted: it has {remaining} "
            "model package(s); delete them first",
        )
    store.groups(ctx).delete(ctx.region, name)
    tags.forget(ctx.cloud, group["ModelPackageGroupArn"])
    return {}
