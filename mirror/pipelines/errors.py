"""What can be wrong with a definition, and what can go wrong in a step."""

from __future__ import annotations


class InvalidDefinition(Exception):  # noqa: N818 - reads as what it states
    """The definition cannot be run; the message names the step and the field."""


class EvaluationError(Exception):
    """An expression has no value in this execution; the message names the expression."""


class StepFailed(Exception):  # noqa: N818
    """A step ended without success.

    Args:
        reason: the step's FailureReason.
        kind: the exception type that retry policies match, e.g. ``SageMaker.JOB_INTERNAL_ERROR``,
            or None when no policy can apply.
    """

    def __init__(self, reason: str, kind: str | None = None) -> None:
        super().__init__(reason)
        self.reason = reason
        self.kind = kind


class StepStopped(Exception):  # noqa: N818
    """A step ended because its execution was stopped."""
