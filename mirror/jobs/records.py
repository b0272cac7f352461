"""The documents of jobs: the answer of Describe, kept as it is returned."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal

from mirror import events, listing, tags
from mirror.api import Context, Document, ServiceError
from mirror.documents import Collection, utcnow
from mirror.timestamps import jsonable

RUNNING = ("InProgress", "Stopping")
REASON_LIMIT = 1024


@dataclass(frozen=True, slots=True)
class Kind:
    """One kind of job, and the field names that its API derives from ``prefix``."""

    prefix: Literal["Processing", "Training"]

    @property
    def name_field(self) -> str:
        return f"{self.prefix}JobName"

    @property
    def arn_field(self) -> str:
        return f"{self.prefix}JobArn"

    @property
    def status_field(self) -> str:
        return f"{self.prefix}JobStatus"

    @property
    def start_field(self) -> str:
        return f"{self.prefix}StartTime"

    @property
    def end_field(self) -> str:
        return f"{self.prefix}EndTime"

    @property
    def resource(self) -> str:
        return f"{self.prefix.lower()}-job"

    @property
    def log_group(self) -> str:
        return f"/aws/sagemaker/{self.prefix}Jobs"


PROCESSING = Kind("Processing")
TRAINING = Kind("Training")


def collection(ctx: Context, kind: Kind) -> Collection:
    return ctx.cloud.documents.collection(kind.resource)


def create(ctx: Context, kind: Kind, document: Document) -> Document:
    """Store a new job as InProgress and return it.

    Raises:
        ServiceError: ``ResourceInUse``, the name is taken.
    """
    name = document[kind.name_field]
    if collection(ctx, kind).get(ctx.region, name) is not None:
        raise ServiceError(
            "ResourceInUse", f"{kind.name_field}: a job named {name!r} already exists; choose another"
        )
    now = utcnow()
    document = {
        **document,
        kind.arn_field: ctx.arn("sagemaker", f"{kind.resource}/{name}"),
        kind.status_field: "InProgress",
        "CreationTime": now,
        "LastModifiedTime": now,
    }
    wanted = document.pop("Tags", [])
    collection(ctx, kind).put(ctx.region, name, document)
    if wanted:
        tags.put(ctx.cloud, document[kind.arn_field], wanted)
    _publish(ctx, kind, document)
    return document


def get(ctx: Context, kind: Kind, name: str) -> Document:
    """The job `name`.

    Raises:
        ServiceError: ``ValidationException``, as SageMaker answers for a job that does not exist.
    """
    document = collection(ctx, kind).get(ctx.region, name)
    if document is None:
        raise ServiceError("ValidationException", f"Could not find requested job with name: {name}")
    return document


def update(ctx: Context, kind: Kind, name: str, **fields: Any) -> Document:
    """Change fields of a job; a change of its status is published as an event."""
    before: list[str] = []

    def change(document: Document) -> None:
        before.append(document[kind.status_field])
        document.update(fields, LastModifiedTime=utcnow())

    document = collection(ctx, kind).update(ctx.region, name, change)
    if document is None:
        raise ServiceError("ValidationException", f"Could not find requested job with name: {name}")
    if document[kind.status_field] != before[0]:
        _publish(ctx, kind, document)
    return document


def request_stop(ctx: Context, kind: Kind, name: str) -> Document:
    """Mark a running job as Stopping.

    Raises:
        ServiceError: there is no such job, or it has ended.
    """
    status = get(ctx, kind, name)[kind.status_field]
    if status not in RUNNING:
        raise ServiceError(
            "ValidationException",
            f"The request was rejected because the {kind.prefix.lower()} job is in status {status}.",
        )
    return update(ctx, kind, name, **{kind.status_field: "Stopping"})


def summaries(ctx: Context, kind: Kind, params: Document, fields: tuple[str, ...]) -> Document:
    """The answer of a List operation: filtered, sorted and paged, with only `fields` of each job."""
    found = listing.between(
        collection(ctx, kind).values(ctx.region),
        params,
        {
            "CreationTime": ("CreationTimeAfter", "CreationTimeBefore"),
            "LastModifiedTime": ("LastModifiedTimeAfter", "LastModifiedTimeBefore"),
        },
    )
    wanted: list[Callable[[Document], bool]] = []
    if params.get("NameContains"):
        wanted.append(lambda job: params["NameContains"].lower() in job[kind.name_field].lower())
    if params.get("StatusEquals"):
        wanted.append(lambda job: job[kind.status_field] == params["StatusEquals"])
    found = [job for job in found if all(test(job) for test in wanted)]
    sort_fields = {"Name": kind.name_field, "CreationTime": "CreationTime", "Status": kind.status_field}
    ordered = listing.arrange(found, params, sort_fields, default="CreationTime")
    brief = [{field: job[field] for field in fields if field in job} for job in ordered]
    return listing.page(brief, params, f"{kind.prefix}JobSummaries")


def shorten(reason: str) -> str:
    """A failure reason within the API's limit, keeping its end: there stands the exception."""
    return reason if len(reason) <= REASON_LIMIT else "..." + reason[3 - REASON_LIMIT :]


def _publish(ctx: Context, kind: Kind, document: Document) -> None:
    events.publish(
        ctx,
        "aws.sagemaker",
        f"SageMaker {kind.prefix} Job State Change",
        jsonable(document),
        [document[kind.arn_field]],
    )
