"""Condition steps: the outcome decides which branch runs."""

from __future__ import annotations

from mirror.pipelines import conditions
from mirror.pipelines.errors import EvaluationError, StepFailed
from mirror.pipelines.steps.base import StepCall, StepResult


def run(step: StepCall) -> StepResult:
    """Evaluate the conditions.

    Raises:
        StepFailed: an operand has no value, e.g. the property file lacks the metric.
    """
    try:
        outcome = conditions.holds(step.step.arguments, step.scope)
    except EvaluationError as error:
        raise StepFailed(f"ClientError: {error}") from error
    metadata = {"Condition": {"Outcome": str(outcome)}}
    return StepResult(metadata, {"Outcome": str(outcome)}, outcome)
