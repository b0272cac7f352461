"""Where the stream keeps the newest states for decisions: what every online store does for it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol


class Sink(Protocol):
    """Takes the newest committed state of changed entities. Safe to use from several threads.

    Attributes:
        name: of `processing.online.backends.BACKENDS`.
        threads: how many may write at once.
        most: entities that are written together.
    """

    name: str
    threads: int
    most: int

    def publish(self, keys: Sequence[bytes]) -> bool:
        """Write the entities with these keys of `Store.dirty`; False when they have to be tried again."""
        ...

    def report(self, processed_to_ms: int) -> None:
        """Write the arrival time up to which this sink has everything.

        Raises:
            OnlineUnavailableError: the store refuses or fails.
        """
        ...

    def is_empty(self) -> bool:
        """Whether no progress was ever reported: then it has to be filled.

        Raises:
            OnlineUnavailableError: the store refuses or fails.
        """
        ...

    def close(self) -> None:
        """Give up connections and files."""
        ...
