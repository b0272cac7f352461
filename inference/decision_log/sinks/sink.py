"""What the shipper asks of a place that decisions are delivered to."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from inference.decision_log.pieces import Piece


class UnavailableError(Exception):
    """The sink does not take records now; they are sent again.

    Attributes:
        left: those it did not take; None when it took none.
    """

    def __init__(self, reason: str, left: Sequence[Piece] | None = None) -> None:
        super().__init__(reason)
        self.left = left


class UnacceptableError(Exception):
    """The sink will never take these records as they are: at least one of them does not fit."""


class Sink(Protocol):
    """Takes records, each at least once; a record that comes again must leave it as it was.

    Attributes:
        name: in counters and file names.
        batch_bytes: of the spool, worth a delivery at once.
        linger_s: how long fewer wait for more.
    """

    name: str
    batch_bytes: int
    linger_s: float

    def deliver(self, pieces: Sequence[Piece]) -> None:
        """Take all records; when it returns they are kept there.

        Raises:
            UnavailableError: it has not taken all of them.
            UnacceptableError: it has taken none of them, because of what they are.
        """
        ...

    def close(self) -> None:
        """Let go of connections."""
        ...
