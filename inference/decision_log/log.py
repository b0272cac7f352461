"""What the server asks of a log of decisions."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from inference.predictions import Prediction


class DecisionLogError(Exception):
    """Records cannot be kept now; the decisions must not be answered.

    Attributes:
        retry_after_s: when a caller may sensibly try again, seconds.
    """

    def __init__(self, message: str, retry_after_s: int = 1) -> None:
        super().__init__(message)
        self.retry_after_s = retry_after_s


class DecisionLog(Protocol):
    """Where decisions are recorded before they are answered."""

    def append(self, records: Sequence[Prediction]) -> None:
        """Keep the records of a flush; when it returns, they outlive this process.

        Called on the event loop, before the answers leave: it may take microseconds.

        Raises:
            DecisionLogError: none of them was kept.
        """
        ...
