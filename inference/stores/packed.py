"""Packed values of Redis and LMDB as `Records`."""

from __future__ import annotations

import struct

import msgspec

from inference.stores.base import FeaturesUnavailableError, Records
from processing.events.moments import iso
from processing.features import MerchantState, UserState
from processing.online.codec import unpack, unpack_profile, unpack_progress

PROGRESS_MS = 200.0
"""How long a progress is believed before it is read again."""

_UNREADABLE = (ValueError, TypeError, struct.error, msgspec.MsgspecError)


class Progress:
    """How far the stream was when it was last asked.

    Attributes:
        processed_to_ms: arrival time up to which the store has everything; None when not known.
    """

    __slots__ = ("_read_ms", "processed_to_ms")

    def __init__(self) -> None:
        self.processed_to_ms: float | None = None
        self._read_ms = float("-inf")

    def is_old(self, now_ms: float) -> bool:
        """Whether to read it again with the next records."""
        return not 0.0 <= now_ms - self._read_ms < PROGRESS_MS

    def learn(self, processed_to_ms: float | None, now_ms: float) -> None:
        """It was read."""
        self.processed_to_ms, self._read_ms = processed_to_ms, now_ms

    def note(self, raw: bytes | None, now_ms: float) -> None:
        """Its stored value was read.

        Raises:
            FeaturesUnavailableError: the value is no progress.
        """
        try:
            found = None if raw is None else unpack(raw, now_ms)
            self.learn(None if found is None else unpack_progress(found[1]), now_ms)
        except _UNREADABLE as error:
            raise FeaturesUnavailableError(
                f"the stored progress of the stream is unreadable: {type(error).__name__}"
            ) from error

    def staleness_ms(self, now_ms: float) -> float | None:
        """How far the store is behind the stream."""
        return None if self.processed_to_ms is None else max(0.0, now_ms - self.processed_to_ms)


def records(
    profile: bytes | None, user: bytes | None, merchant: bytes | None, now_ms: float, progress: Progress
) -> Records:
    """What was stored; None and expired values are what was never seen.

    Raises:
        FeaturesUnavailableError: a value is unreadable.
    """
    try:
        of_profile = None if profile is None else unpack(profile, now_ms)
        of_user = None if user is None else unpack(user, now_ms)
        of_merchant = None if merchant is None else unpack(merchant, now_ms)
        return Records(
            None if of_profile is None else unpack_profile(of_profile[1]),
            None if of_user is None else UserState.decode(of_user[1]),
            None if of_merchant is None else MerchantState.decode(of_merchant[1]),
            None if of_profile is None else iso(of_profile[0]),
            None if of_user is None else iso(of_user[0]),
            None if of_merchant is None else iso(of_merchant[0]),
            progress.staleness_ms(now_ms),
        )
    except (*_UNREADABLE, OverflowError) as error:
        raise FeaturesUnavailableError(f"a stored record is unreadable: {type(error).__name__}") from error
