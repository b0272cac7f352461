"""Whether a stack is in a state that allows what is asked of it."""

from __future__ import annotations

import re

from mirror.api import Document, ServiceError
from mirror.cloudformation.desired import Desired
from mirror.cloudformation.store import busy, in_progress

_NAME = re.compile("[a-zA-Z][-a-zA-Z0-9]{0,127}")
_SETTLED = {"CREATE_COMPLETE", "UPDATE_COMPLETE", "UPDATE_ROLLBACK_COMPLETE"}
_UPDATABLE = _SETTLED | {"UPDATE_FAILED", "CREATE_FAILED"}


def check_name(name: str) -> None:
    """Raises ServiceError for what CloudFormation takes for no name of a new stack."""
    if not _NAME.fullmatch(name):
        raise ServiceError(
            "ValidationError",
            f"1 validation error detected: Value '{name}' at 'StackName' failed to satisfy constraint: "
            f"Member must satisfy regular expression pattern: {_NAME.pattern}",
        )


def unchanged(stack: Document, wanted: Desired) -> bool:
    """Whether a stack already is what is asked for."""
    return (
        stack["StackStatus"] in _SETTLED
        and stack["template"] == wanted.body
        and stack["given"] == wanted.parameters.given
        and stack["Parameters"] == wanted.shown_parameters
        and stack["Tags"] == wanted.tags
    )


def check_idle(stack: Document) -> None:
    """Raises ServiceError while another operation runs on the stack."""
    if in_progress(stack):
        raise busy(stack)


def check_updatable(stack: Document) -> None:
    """Raises ServiceError when the stack's status does not allow an update."""
    if stack["StackStatus"] not in _UPDATABLE:
        raise busy(stack)
