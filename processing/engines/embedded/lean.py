"""`compiled` without the counting of references, which costs more than these functions do."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

from processing.windows.compiled import NUMBA, compiled

F = TypeVar("F", bound=Callable[..., Any])


def lean(function: F) -> F:
    """The function as `compiled` makes it; it must not make, keep or return an array."""
    made: Any = compiled(function)
    if NUMBA:
        made.targetoptions["_nrt"] = False
    result: F = made
    return result
