"""Put, Get and Delete of a model package group's resource policy."""

from __future__ import annotations

import json

from mirror.api import Context, Document, ServiceError, operation
from mirror.documents import Collection
from mirror.registry import store


@operation(
    "sagemaker",
    "PutModelPackageGroupPolicy",
    coverage="partial",
    note="The policy is kept and returned; the mirror does not enforce it.",
)
def put_model_package_group_policy(ctx: Context, params: Document) -> Document:
    group = store.get_group(ctx, params["ModelPackageGroupName"])
    try:
        json.loads(params["ResourcePolicy"])
    except ValueError as error:
        raise ServiceError("ValidationException", f"ResourcePolicy is not JSON: {error}") from error
    policy = {"ResourcePolicy": params["ResourcePolicy"]}
    _policies(ctx).put(ctx.region, group["ModelPackageGroupName"], policy)
    return {"ModelPackageGroupArn": group["ModelPackageGroupArn"]}


@operation("sagemaker", "GetModelPackageGroupPolicy")
def get_model_package_group_policy(ctx: Context, params: Document) -> Document:
    return _existing(ctx, params["ModelPackageGroupName"])


@operation("sagemaker", "DeleteModelPackageGroupPolicy")
def delete_model_package_group_policy(ctx: Context, params: Document) -> Document:
    _existing(ctx, params["ModelPackageGroupName"])
    _policies(ctx).delete(ctx.region, params["ModelPackageGroupName"])
    return {}


def _policies(ctx: Context) -> Collection:
    return ctx.cloud.documents.collection("model-package-group-policy")


def _existing(ctx: Context, name: str) -> Document:
    group = store.get_group(ctx, name)
    policy = _policies(ctx).get(ctx.region, name)
    if policy is None:
        arn = group["ModelPackageGroupArn"]
        raise ServiceError("ValidationException", f"Cannot find resource policy for: {arn}")
    return policy
