"""Fail steps: end the execution as Failed, with a message."""

from __future__ import annotations

from typing import NoReturn

from mirror.pipelines.errors import StepFailed
from mirror.pipelines.expressions import join_text
from mirror.pipelines.steps.base import StepCall


def run(step: StepCall) -> NoReturn:
    """Always raises.

    Raises:
        StepFailed: with the step's ErrorMessage.
    """
    message = join_text(step.arguments.get("ErrorMessage"))
    step.note({"Fail": {"ErrorMessage": message}})
    raise StepFailed(message or "the pipeline reached a Fail step")
