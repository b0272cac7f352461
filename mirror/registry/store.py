"""Documents of the registry: groups, packages, and the counter that versions come from.

A package is stored as its Describe answer. A version number is never given twice, not even when
the package or the whole group was deleted in between: an ARN always means one model.
"""

from __future__ import annotations

import re

from mirror.api import Context, Document, ServiceError
from mirror.documents import Collection

_PACKAGE_ARN = re.compile(r"arn:aws[a-z-]*:sagemaker:[a-z0-9-]+:\d{12}:model-package/([^/]+)(?:/(\d+))?")
_GROUP_ARN = re.compile(r"arn:aws[a-z-]*:sagemaker:[a-z0-9-]+:\d{12}:model-package-group/([^/]+)")


def groups(ctx: Context) -> Collection:
    return ctx.cloud.documents.collection("model-package-group")


def packages(ctx: Context) -> Collection:
    return ctx.cloud.documents.collection("model-package")


def group_arn(ctx: Context, name: str) -> str:
    return ctx.arn("sagemaker", f"model-package-group/{name}")


def group_name(name_or_arn: str) -> str:
    found = _GROUP_ARN.fullmatch(name_or_arn)
    return found[1] if found else name_or_arn


def get_group(ctx: Context, name_or_arn: str) -> Document:
    """A group by name or ARN.

    Raises:
        ServiceError: ``ValidationException``, as SageMaker answers for a group that does not exist.
    """
    name = group_name(name_or_arn)
    document = groups(ctx).get(ctx.region, name)
    if document is None:
        raise ServiceError("ValidationException", f"ModelPackageGroup {group_arn(ctx, name)} does not exist.")
    return document


def package_key(name_or_arn: str) -> str:
    """Where a package is stored: ``group/00000007`` for a version, ``/name`` for an unversioned one."""
    found = _PACKAGE_ARN.fullmatch(name_or_arn)
    if found is None:
        return f"/{name_or_arn}"
    return f"{found[1]}/{int(found[2]):08d}" if found[2] else f"/{found[1]}"


def get_package(ctx: Context, name_or_arn: str) -> Document:
    """A package by ARN, or by name when it is unversioned.

    Raises:
        ServiceError: ``ValidationException``, as SageMaker answers for one that does not exist.
    """
    document = packages(ctx).get(ctx.region, package_key(name_or_arn))
    if document is None:
        raise ServiceError("ValidationException", f"ModelPackage {name_or_arn} does not exist.")
    return document


def next_version(ctx: Context, group: str) -> int:
    """Take the next version number of a group."""
    counters = ctx.cloud.documents.collection("model-package-counter")
    changed = counters.update(ctx.region, group, lambda counter: {"last": counter["last"] + 1})
    if changed is None:
        counters.put(ctx.region, group, {"last": 1})
        return 1
    return int(changed["last"])


def identity(ctx: Context) -> Document:
    """CreatedBy and LastModifiedBy: the mirror knows one user, the account itself."""
    return {"IamIdentity": {"Arn": f"arn:aws:iam::{ctx.account}:root", "PrincipalId": ctx.account}}
