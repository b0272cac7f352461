"""What a step gets and gives."""

from __future__ import annotations

import secrets
import string
import threading
from collections.abc import Callable
from dataclasses import dataclass, field

from mirror.api import Context, Document, ServiceError, call
from mirror.pipelines import shapes
from mirror.pipelines.definition import Step
from mirror.pipelines.errors import StepFailed
from mirror.pipelines.expressions import Scope

_LETTERS = string.ascii_letters + string.digits
_JOB_NAME_LIMIT = 63
_RETRYABLE = {
    "ThrottlingException": "Step.THROTTLING",
    "Throttling": "Step.THROTTLING",
    "ResourceLimitExceeded": "SageMaker.RESOURCE_LIMIT",
}


@dataclass(frozen=True, slots=True)
class StepCall:
    """One attempt at a step.

    Args:
        arguments: the definition's arguments with every expression evaluated.
        scope: for what has to be evaluated late (conditions).
        job_name: a fresh name for the job or model that the step makes.
        stop: set when the execution is being stopped.
        note: stores the step's Metadata while it runs, e.g. the ARN of its job.
    """

    ctx: Context
    step: Step
    arguments: Document
    scope: Scope
    role: str
    job_name: str
    stop: threading.Event
    note: Callable[[Document], None]


@dataclass(frozen=True, slots=True)
class StepResult:
    """A success: the step's Metadata, and its properties for later references."""

    metadata: Document
    properties: Document = field(default_factory=dict)
    outcome: bool | None = None  # of a condition step


def job_name(execution_id: str, step: str) -> str:
    """``pipelines-EXECUTION-STEP-RANDOM``, within SageMaker's 63 characters."""
    suffix = "".join(secrets.choice(_LETTERS) for _ in range(10))
    room = _JOB_NAME_LIMIT - len(f"pipelines-{execution_id}--{suffix}")
    return f"pipelines-{execution_id}-{step.replace('_', '-')[:room].strip('-')}-{suffix}"


def request(call_: StepCall, operation: str, arguments: Document) -> Document:
    """Call a SageMaker operation with a step's arguments, converted to the types it takes.

    Raises:
        StepFailed: the service refused; the failure has the type that retry policies know.
    """
    shape = shapes.request_shape(call_.step.type)
    try:
        return call(call_.ctx, "sagemaker", operation, shapes.fit(arguments, shape) if shape else arguments)
    except ServiceError as error:
        kind = _RETRYABLE.get(error.code) or ("Step.SERVICE_FAULT" if error.status >= 500 else None)
        raise StepFailed(f"ClientError: {operation}: {error}", kind) from error
