"""What the tests of the stores write and expect: a user, a merchant, and the stream's progress."""

from __future__ import annotations

from inference.stores import Records
from processing.features import MerchantState, Profile, UserState
from processing.online.codec import (
    MERCHANT,
    PROFILE,
    PROGRESS,
    STREAM,
    USER,
    pack_profile,
    pack_progress,
)
from processing.online.writing import OnlineRecord
from tests.inference.running import NOW_MS, history

PROFILE_MS = NOW_MS - 1_000_000
LATEST_MS = NOW_MS - 60_000


def stored(user_id: str = "u-1", merchant_id: str = "m-1") -> list[OnlineRecord]:
    """`history`, as the stream writes it."""
    profile, user, merchant = history()
    return [
        OnlineRecord(PROFILE, user_id, PROFILE_MS, pack_profile(profile)),
        OnlineRecord(USER, user_id, LATEST_MS, user.encode()),
        OnlineRecord(MERCHANT, merchant_id, LATEST_MS, merchant.encode()),
    ]


def progress(processed_to_ms: int) -> OnlineRecord:
    return OnlineRecord(PROGRESS, STREAM, processed_to_ms, pack_progress(processed_to_ms))


def told(records: Records) -> tuple[Profile | None, bytes | None, bytes | None]:
    """What was read, to be compared bit for bit."""
    user: UserState | None = records.user
    merchant: MerchantState | None = records.merchant
    return (
        records.profile,
        None if user is None else user.encode(),
        None if merchant is None else merchant.encode(),
    )


def expected() -> tuple[Profile, bytes, bytes]:
    profile, user, merchant = history()
    return profile, user.encode(), merchant.encode()
