"""Lambda steps: invoke the function, take its answer as output parameters."""

from __future__ import annotations

from mirror import functions
from mirror.api import ServiceError
from mirror.pipelines.errors import StepFailed
from mirror.pipelines.expressions import join_text
from mirror.pipelines.steps.base import StepCall, StepResult


def run(step: StepCall) -> StepResult:
    """Invoke the function with the step's arguments as event.

    Raises:
        StepFailed: the function failed, or its answer lacks a declared output parameter.
    """
    arn = str(step.step.function_arn)
    try:
        answer = functions.invoke(step.ctx, arn, step.arguments)
    except ServiceError as error:
        kind = "Step.SERVICE_FAULT" if error.status >= 500 else None
        raise StepFailed(f"ClientError: Lambda function {arn}: {error}", kind) from error
    missing = [name for name in step.step.outputs if not isinstance(answer, dict) or name not in answer]
    if missing:
        raise StepFailed(f"ClientError: Lambda function {arn}: the answer lacks {', '.join(missing)}")
    outputs = {name: answer[name] for name in step.step.outputs}
    listed = [{"Name": name, "Value": join_text(value)} for name, value in outputs.items()]
    return StepResult({"Lambda": {"Arn": arn, "OutputParameters": listed}}, {"OutputParameters": outputs})
