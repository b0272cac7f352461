"""What went wrong in a worker, out of what Spark makes of it."""

from __future__ import annotations

import re

_REASONS = "ColumnMapError|EngineError|StepError|ValueError"
_RAISED = re.compile(rf"^(?:[\w.]*\.)?(?:{_REASONS}): (.*)$", re.MULTILINE)


def raised_by_worker(error: Exception) -> str | None:
    """The message of an error of ours in the traceback that Spark passes on; None where there is none."""
    found: list[str] = _RAISED.findall(str(error))
    return found[-1] if found else None
