"""What every online store takes from the stream."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple, Protocol

from processing.online.codec import Kind


class OnlineUnavailableError(Exception):
    """An online store cannot be written now; the message says what it answered."""


class OnlineRecord(NamedTuple):
    """One version of an entity's record.

    Attributes:
        event_ms: orders the versions: an older one never replaces a newer one.
        payload: as `processing.online.codec` packs it.
        expires_ms: None never.
    """

    kind: Kind
    entity: str
    event_ms: int
    payload: bytes
    expires_ms: int | None = None


class OnlineWriter(Protocol):
    """Writes records. Safe to use from several threads."""

    def write(self, records: Sequence[OnlineRecord]) -> None:
        """Store those records that are not older than what is stored, all before this returns.

        Raises:
            OnlineUnavailableError: the store fails; the records may be written again.
        """
        ...

    def is_empty(self) -> bool:
        """Whether the stream never reported progress to this store: it has to be filled.

        Raises:
            OnlineUnavailableError: the store fails.
        """
        ...

    def close(self) -> None:
        """Give up connections and files."""
        ...
