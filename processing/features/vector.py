"""The 50 features of one transaction, as of its own event time."""

from __future__ import annotations

from feature_groups import FEATURE_NAMES, MERCHANT_FEATURES, USER_FEATURES
from processing.events.records import Profile, Transaction
from processing.features.geography import distance_km
from processing.windows import MerchantState, UserState

_MISSING = float("nan")
_HOUR_MS, _DAY_MS = 3_600_000, 86_400_000
_THURSDAY = 3  # 1970-01-01
_AVERAGE_30D = FEATURE_NAMES.index("user_amount_avg_30d")

# No history at all is known to be empty: counts are 0, averages missing.
_NO_USER_HISTORY = UserState().query(0)
_NO_MERCHANT_HISTORY = MerchantState().query(0)
assert len(_NO_USER_HISTORY) == len(USER_FEATURES)
assert len(_NO_MERCHANT_HISTORY) == len(MERCHANT_FEATURES)


def vector(
    transaction: Transaction,
    profile: Profile | None,
    user_state: UserState | None,
    merchant_state: MerchantState | None,
) -> list[float]:
    """The model's inputs in the order of `feature_groups.FEATURE_NAMES`; NaN is missing.

    Args:
        profile: None when the user has none; what depends on it is then missing.
        user_state, merchant_state: None when the entity has no history.

    Only what happened strictly before the transaction's event time counts, so states that already
    contain the transaction itself give the same result.
    """
    t_ms = transaction.timestamp_ms
    values = list(_NO_USER_HISTORY) if user_state is None else user_state.query(t_ms)
    average = values[_AVERAGE_30D]
    values += _NO_MERCHANT_HISTORY if merchant_state is None else merchant_state.query(t_ms)
    amount = transaction.hundredths / 100.0
    last = None if user_state is None else user_state.last_time(t_ms)
    values += (
        amount,
        _distance_from_home(transaction, profile),
        _MISSING if last is None else (t_ms - last) / 1000.0,
        float(t_ms // _HOUR_MS % 24),
        float((t_ms // _DAY_MS + _THURSDAY) % 7),
        # 0.001 KWD is 0 hundredths, so there are averages of 0: nothing to compare with.
        amount / average if average else _MISSING,
        _foreign(transaction, profile),
    )
    return values


def _distance_from_home(transaction: Transaction, profile: Profile | None) -> float:
    lat, lon = transaction.lat, transaction.lon
    if profile is None or lat is None or lon is None:
        return _MISSING
    if profile.home_lat is None or profile.home_lon is None:
        return _MISSING
    return distance_km(profile.home_lat, profile.home_lon, lat, lon)


def _foreign(transaction: Transaction, profile: Profile | None) -> float:
    if profile is None or profile.home_country is None or transaction.country is None:
        return _MISSING
    return float(transaction.country != profile.home_country)
