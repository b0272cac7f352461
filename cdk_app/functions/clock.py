"""The time a Lambda invocation has left, and waiting within it."""

from __future__ import annotations

import time
from collections.abc import Callable

RESERVE_SECONDS = 20.0
LONGEST_PAUSE_SECONDS = 10.0


class StillInProgressError(Exception):
    """The invocation's time ends before the work does.

    Nothing is lost: both callers invoke the function asynchronously, so raising this makes Lambda
    invoke it again with the same event, and the work, which only compares what is with what should
    be, goes on where it was.
    """


class Deadline:
    """Pauses that grow from a quarter of a second, and end before the invocation does.

    Args:
        remaining_ms: milliseconds left, as a Lambda context tells it.
        sleep: `time.sleep`, or a test's.
    """

    def __init__(
        self, remaining_ms: Callable[[], float], sleep: Callable[[float], None] = time.sleep
    ) -> None:
        self._remaining_ms = remaining_ms
        self._sleep = sleep
        self._pause = 0.25

    def check(self, waiting_for: str) -> None:
        """Go on.

        Raises:
            StillInProgressError: there is no time left for `waiting_for`.
        """
        if self._remaining_ms() / 1_000 < RESERVE_SECONDS + self._pause:
            raise StillInProgressError(f"out of time, waiting for {waiting_for}")

    def pause(self, waiting_for: str) -> None:
        """Wait a little.

        Raises:
            StillInProgressError: there is no time left to wait for `waiting_for`.
        """
        self.check(waiting_for)
        self._sleep(self._pause)
        self._pause = min(self._pause * 1.5, LONGEST_PAUSE_SECONDS)

    def restart(self) -> None:
        """Begin with short pauses again: something new is being waited for."""
        self._pause = 0.25
