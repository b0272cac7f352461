"""Step caching: a step with the same arguments as a recent successful one is not run again."""

from __future__ import annotations

import hashlib
import json
from datetime import timedelta
from typing import Any

from mirror.api import Context, Document
from mirror.documents import utcnow
from mirror.pipelines import store
from mirror.pipelines.definition import Step

# The attributes that SageMaker compares; the others (where outputs go, on which instance) do not
# make it another computation.
_KEY_ATTRIBUTES = {
    "Processing": ("AppSpecification", "Environment", "ProcessingInputs"),
    "Training": (
        "AlgorithmSpecification",
        "CheckpointConfig",
        "DebugHookConfig",
        "DebugRuleConfigurations",
        "Environment",
        "HyperParameters",
        "InputDataConfig",
    ),
}


def cache_key(pipeline: str, step: Step, arguments: Document) -> str:
    """Where the result of `step` with evaluated `arguments` is kept."""
    attributes = _KEY_ATTRIBUTES.get(step.type)
    compared: dict[str, Any] = {"Type": step.type, "FunctionArn": step.function_arn}
    compared["Arguments"] = (
        arguments if attributes is None else {name: arguments.get(name) for name in attributes}
    )
    digest = hashlib.sha256(json.dumps(compared, sort_keys=True, default=str).encode()).hexdigest()
    return f"{pipeline}/{step.name}/{digest}"


def find(ctx: Context, key: str, max_age_seconds: float) -> Document | None:
    """The kept result, when it is not older than `max_age_seconds`.

    Returns:
        A document with ``Metadata``, ``Properties`` and ``SourcePipelineExecutionArn``.
    """
    entry = store.cache_entries(ctx).get(ctx.region, key)
    if entry is None:
        return None
    if max_age_seconds != float("inf") and utcnow() - entry["Time"] > timedelta(seconds=max_age_seconds):
        return None
    return entry


def keep(ctx: Context, key: str, execution_arn: str, metadata: Document, properties: Document) -> None:
    """Keep a successful result for later executions."""
    entry = {
        "SourcePipelineExecutionArn": execution_arn,
        "Metadata": metadata,
        "Properties": properties,
        "Time": utcnow(),
    }
    store.cache_entries(ctx).put(ctx.region, key, entry)
