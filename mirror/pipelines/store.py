"""Documents of pipelines: the pipeline, its versions, its executions and their steps.

Each is stored as the API returns it, with what the executor needs besides under ``_`` names;
`public` leaves those out.
"""

from __future__ import annotations

import re
from collections.abc import Callable

from mirror.api import Context, Document, ServiceError
from mirror.documents import Collection, utcnow

RUNNING = ("Executing", "Stopping")
_ARN = re.compile(r"arn:aws[a-z-]*:sagemaker:[a-z0-9-]+:\d{12}:pipeline/([^/]+)(?:/execution/([^/]+))?")


def pipelines(ctx: Context) -> Collection:
    return ctx.cloud.documents.collection("pipeline")


def versions(ctx: Context) -> Collection:
    return ctx.cloud.documents.collection("pipeline-version")


def executions(ctx: Context) -> Collection:
    return ctx.cloud.documents.collection("pipeline-execution")


def steps(ctx: Context) -> Collection:
    return ctx.cloud.documents.collection("pipeline-step")


def cache_entries(ctx: Context) -> Collection:
    return ctx.cloud.documents.collection("pipeline-cache")


def pipeline_name(name_or_arn: str) -> str:
    found = _ARN.fullmatch(name_or_arn)
    return found[1] if found else name_or_arn


def get_pipeline(ctx: Context, name_or_arn: str) -> Document:
    """A pipeline by name or ARN.

    Raises:
        ServiceError: ``ResourceNotFound``.
    """
    name = pipeline_name(name_or_arn)
    document = pipelines(ctx).get(ctx.region, name)
    if document is None:
        arn = ctx.arn("sagemaker", f"pipeline/{name}")
        raise ServiceError("ResourceNotFound", f"Pipeline '{arn}' does not exist.")
    return document


def version_key(name: str, version: int) -> str:
    return f"{name}/{version:08d}"


def execution_key(arn: str) -> str:
    """Where the execution with this ARN is stored: ``pipeline/id``.

    Raises:
        ServiceError: ``ValidationException``, it is no execution's ARN.
    """
    found = _ARN.fullmatch(arn)
    if found is None or found[2] is None:
        raise ServiceError("ValidationException", f"PipelineExecutionArn: {arn!r} is not an execution's ARN")
    return f"{found[1]}/{found[2]}"


def get_execution(ctx: Context, arn: str) -> Document:
    """An execution by ARN.

    Raises:
        ServiceError: ``ResourceNotFound``, or ``ValidationException`` for a malformed ARN.
    """
    document = executions(ctx).get(ctx.region, execution_key(arn))
    if document is None:
        raise ServiceError("ResourceNotFound", f"Pipeline execution '{arn}' does not exist.")
    return document


def update_execution(ctx: Context, arn: str, change: Callable[[Document], Document | None]) -> Document:
    """Change an execution in one transaction and return it.

    Raises:
        ServiceError: ``ResourceNotFound``.
    """

    def stamped(document: Document) -> Document:
        changed = change(document) or document
        changed["LastModifiedTime"] = utcnow()
        return changed

    document = executions(ctx).update(ctx.region, execution_key(arn), stamped)
    if document is None:
        raise ServiceError("ResourceNotFound", f"Pipeline execution '{arn}' does not exist.")
    return document


def step_key(arn: str, step: str) -> str:
    return f"{execution_key(arn)}/{step}"


def step_documents(ctx: Context, arn: str) -> list[Document]:
    """The steps of an execution that have started."""
    return steps(ctx).values(ctx.region, f"{execution_key(arn)}/")


def public(document: Document) -> Document:
    """`document` without the executor's own fields."""
    return {key: value for key, value in document.items() if not key.startswith("_")}


def identity(ctx: Context) -> Document:
    """CreatedBy and LastModifiedBy: the mirror knows one user, the account itself."""
    return {"IamIdentity": {"Arn": f"arn:aws:iam::{ctx.account}:root", "PrincipalId": ctx.account}}
