"""RegisterModel steps: a new version in a model package group."""

from __future__ import annotations

import hashlib
from contextlib import suppress

from mirror.api import ServiceError, call
from mirror.pipelines.steps.base import StepCall, StepResult, request


def run(step: StepCall) -> StepResult:
    """Create the model package; a group that does not exist yet is created, as SageMaker does.

    Raises:
        StepFailed: the service refused.
    """
    group = step.arguments.get("ModelPackageGroupName")
    if group:
        with suppress(ServiceError):  # it exists
            call(step.ctx, "sagemaker", "CreateModelPackageGroup", {"ModelPackageGroupName": group})
    # A repeated step registers once. The service takes at most 36 characters.
    token = hashlib.sha256(step.job_name.encode()).hexdigest()[:36]
    arguments = {**step.arguments, "ClientToken": token}
    arn = request(step, "CreateModelPackage", arguments)["ModelPackageArn"]
    described = call(step.ctx, "sagemaker", "DescribeModelPackage", {"ModelPackageName": arn})
    return StepResult({"RegisterModel": {"Arn": arn}}, described)
