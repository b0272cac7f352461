"""What every online store gives a decision: the newest state of its user and merchant."""

from __future__ import annotations

from typing import Protocol

import msgspec

from processing.features import MerchantState, Profile, UserState


class FeaturesUnavailableError(Exception):
    """The features cannot be read now; the message says what was answered."""


class Records(msgspec.Struct, frozen=True, gc=False):
    """What is stored of a user and a merchant; None for one that was never seen.

    Attributes:
        profile_time, user_time, merchant_time: event times of the records, ISO 8601.
        staleness_ms: how far the stored features are behind the stream; None when not known.
    """

    profile: Profile | None = None
    user: UserState | None = None
    merchant: MerchantState | None = None
    profile_time: str | None = None
    user_time: str | None = None
    merchant_time: str | None = None
    staleness_ms: float | None = None


class FeatureReader(Protocol):
    """Where features come from."""

    def read_now(self, user_id: str, merchant_id: str) -> Records | None:
        """The same as `read`, of a store that answers without waiting; None from others.

        Raises:
            FeaturesUnavailableError: the store fails or holds something unreadable.
        """
        ...

    async def read(self, user_id: str, merchant_id: str) -> Records:
        """Everything stored of this user and merchant.

        Raises:
            FeaturesUnavailableError: the store refuses, fails or holds something unreadable.
        """
        ...
