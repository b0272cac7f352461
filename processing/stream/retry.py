"""Exponential backoff with jitter, ended by a stop signal."""

from __future__ import annotations

import random
import threading
from collections.abc import Iterator


class Interrupted(Exception):  # noqa: N818 - being told to stop is not an error
    """The consumer has to stop before it got an answer that it cannot do without."""


_FIRST_S, _LAST_S = 0.05, 5.0


def attempts(stop: threading.Event) -> Iterator[int]:
    """Count attempts for ever, with a growing random pause before each but the first.

    Ends when `stop` is set: the work at hand is then left for the next start.
    """
    attempt, pause = 0, _FIRST_S
    while True:
        yield attempt
        if stop.wait(pause * random.uniform(0.5, 1.0)):  # noqa: S311 - no secret depends on it
            return
        attempt, pause = attempt + 1, min(pause * 2, _LAST_S)
