"""Model steps: create a SageMaker model."""

from __future__ import annotations

from mirror.api import call
from mirror.pipelines.steps.base import StepCall, StepResult, request


def run(step: StepCall) -> StepResult:
    """Create the model under a fresh name.

    Raises:
        StepFailed: the service refused.
    """
    arguments = {"ExecutionRoleArn": step.role, **step.arguments, "ModelName": step.job_name}
    created = request(step, "CreateModel", arguments)
    described = call(step.ctx, "sagemaker", "DescribeModel", {"ModelName": step.job_name})
    return StepResult({"Model": {"Arn": created["ModelArn"]}}, described)
