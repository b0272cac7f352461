"""What is stored and published while an execution goes on."""

from __future__ import annotations

from typing import Any

from mirror.api import Context, Document
from mirror.documents import utcnow
from mirror.pipelines import notices, store
from mirror.pipelines.definition import Step


def start_step(ctx: Context, execution: Document, step: Step) -> None:
    """Store a step as Executing; a retried execution counts its attempts on."""
    key = store.step_key(execution["PipelineExecutionArn"], step.name)
    before = store.steps(ctx).get(ctx.region, key)
    document: Document = {
        "StepName": step.name,
        "StepDisplayName": step.display_name,
        "StartTime": utcnow(),
        "StepStatus": "Executing",
        "AttemptCount": (before["AttemptCount"] if before else 0) + 1,
        "_Type": step.type,
    }
    if step.description:
        document["StepDescription"] = step.description
    store.steps(ctx).put(ctx.region, key, document)
    notices.publish_step(ctx, execution, document, before["StepStatus"] if before else None)


def note_metadata(ctx: Context, execution: Document, step: Step, metadata: Document) -> None:
    """Store what is known of a running step, e.g. its job's ARN."""
    _update(ctx, execution, step, Metadata=metadata)


def note_retry(ctx: Context, execution: Document, step: Step) -> None:
    """Count another attempt of a running step."""
    key = store.step_key(execution["PipelineExecutionArn"], step.name)

    def count(document: Document) -> None:
        document["AttemptCount"] += 1

    store.steps(ctx).update(ctx.region, key, count)


def note_cache_hit(ctx: Context, execution: Document, step: Step, hit: Document) -> None:
    """Store from which execution a step's result was taken."""
    _update(ctx, execution, step, CacheHitResult=hit)


def end_step(ctx: Context, execution: Document, step: Step, status: str, **fields: Any) -> None:
    """Store and publish how a step ended."""
    document = _update(ctx, execution, step, StepStatus=status, EndTime=utcnow(), **fields)
    notices.publish_step(ctx, execution, document, "Executing")


def finish(ctx: Context, arn: str, status: str, reason: str | None) -> None:
    """Store and publish how an execution ended."""
    previous: list[str] = []

    def change(document: Document) -> None:
        previous.append(document["PipelineExecutionStatus"])
        document["PipelineExecutionStatus"] = status
        document.pop("FailureReason", None)
        if reason:
            document["FailureReason"] = reason

    notices.publish_execution(ctx, store.update_execution(ctx, arn, change), previous[0])


def _update(ctx: Context, execution: Document, step: Step, **fields: Any) -> Document:
    key = store.step_key(execution["PipelineExecutionArn"], step.name)

    def change(document: Document) -> None:
        document |= {name: value for name, value in fields.items() if value is not None}

    document = store.steps(ctx).update(ctx.region, key, change)
    if document is None:  # the execution was deleted with its pipeline
        return {"StepName": step.name, "_Type": step.type, "StartTime": utcnow(), **fields}
    return document
