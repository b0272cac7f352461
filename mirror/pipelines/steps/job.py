"""Processing and Training steps: create the job, follow it to its end."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import Literal

from mirror.api import Document, ServiceError, call
from mirror.pipelines.errors import StepFailed, StepStopped
from mirror.pipelines.steps.base import StepCall, StepResult, request

_POLL_SECONDS = 0.1
_INTERNAL = "InternalServerError"


@dataclass(frozen=True, slots=True)
class _Job:
    """The operations and fields of one kind of job."""

    kind: Literal["Processing", "Training"]

    @property
    def name_field(self) -> str:
        return f"{self.kind}JobName"

    @property
    def status_field(self) -> str:
        return f"{self.kind}JobStatus"


def run_processing(step: StepCall) -> StepResult:
    """Run a processing job.

    Raises:
        StepFailed: it was refused, failed or ran out of time.
        StepStopped: the execution was stopped meanwhile.
    """
    return _run(step, _Job("Processing"))


def run_training(step: StepCall) -> StepResult:
    """Run a training job; raises as `run_processing`."""
    return _run(step, _Job("Training"))


def _run(step: StepCall, job: _Job) -> StepResult:
    arguments = {"RoleArn": step.role, **step.arguments, job.name_field: step.job_name}
    created = request(step, f"Create{job.kind}Job", arguments)
    metadata = {f"{job.kind}Job": {"Arn": created[f"{job.kind}JobArn"]}}
    step.note(metadata)
    described = _follow(step, job)
    status = described[job.status_field]
    if status == "Completed":
        return StepResult(metadata, described)
    if step.stop.is_set():
        raise StepStopped
    if status == "Stopped":
        cause = described.get("SecondaryStatus") or described.get("ExitMessage") or "stopped"
        raise StepFailed(f"ClientError: the {job.kind.lower()} job {step.job_name} was stopped ({cause})")
    reason = described.get("FailureReason", f"the {job.kind.lower()} job {step.job_name} failed")
    raise StepFailed(reason, "SageMaker.JOB_INTERNAL_ERROR" if reason.startswith(_INTERNAL) else None)


def _follow(step: StepCall, job: _Job) -> Document:
    """Wait for the job's end, passing on a request to stop; returns the final description."""
    name = {job.name_field: step.job_name}
    asked = False
    while True:
        described = call(step.ctx, "sagemaker", f"Describe{job.kind}Job", name)
        if described[job.status_field] not in ("InProgress", "Stopping"):
            return described
        if step.stop.is_set() and not asked:
            asked = True
            _request_stop(step, job, name)
        time.sleep(_POLL_SECONDS)


def _request_stop(step: StepCall, job: _Job, name: Document) -> None:
    try:
        call(step.ctx, "sagemaker", f"Stop{job.kind}Job", name)
    except ServiceError as error:
        if error.code != "ValidationException":  # it ended in this moment
            raise
