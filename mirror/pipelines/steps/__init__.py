"""What each type of step does. One module per type; `RUN` finds it by the definition's ``Type``."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from mirror.pipelines.steps import condition, fail, function, job, model, register
from mirror.pipelines.steps.base import StepCall, StepResult

__all__ = ["RUN", "StepCall", "StepResult"]

RUN: Mapping[str, Callable[[StepCall], StepResult]] = {
    "Processing": job.run_processing,
    "Training": job.run_training,
    "Condition": condition.run,
    "RegisterModel": register.run,
    "Model": model.run,
    "Lambda": function.run,
    "Fail": fail.run,
}
