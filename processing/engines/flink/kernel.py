"""The kernel on bundles: states are bytes in and out, whoever keeps them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from math import nan
from typing import Protocol

from feature_groups import MERCHANT_FEATURES, REQUEST_FEATURES, USER_FEATURES
from processing.engines.flink.bundles import Fraud, MerchantEvent, Step, UserEvent, grouped
from processing.windows import MerchantState, UserState

_HOUR_MS, _DAY_MS = 3_600_000, 86_400_000
_THURSDAY = 3  # 1970-01-01
_AVERAGE_30D = [feature.name for feature in USER_FEATURES].index("user_amount_avg_30d")
USER_WIDTH, MERCHANT_WIDTH = len(USER_FEATURES), len(MERCHANT_FEATURES)


class States(Protocol):
    """Packed states by identity; Flink's map state is one."""

    def get(self, identity: int) -> bytes | None: ...

    def put(self, identity: int, state: bytes) -> None: ...


def of_users(states: States, events: Iterable[UserEvent]) -> Iterator[tuple[UserEvent, list[float]]]:
    """The user's aggregates, then the request-time features, of each transaction; user by user.

    Transactions of one user are applied in the order given.
    """
    for group in grouped((event.user, event) for event in events):
        user = group[0].user
        packed = states.get(user)
        state = UserState() if packed is None else UserState.decode(packed)
        for event in group:
            t_ms = event.time
            values = state.query(t_ms)
            values += _request(event, values[_AVERAGE_30D], state.last_time(t_ms))
            yield event, values
            state.update(t_ms, event.amount, event.merchant, event.device, event.country, event.status)
        states.put(user, state.encode())


def of_merchants(states: States, steps: Iterable[Step]) -> Iterator[tuple[MerchantEvent, list[float]]]:
    """The merchant's aggregates of each transaction; merchant by merchant, each in the order given."""
    for group in grouped((step.merchant, step) for step in steps):
        merchant = group[0].merchant
        packed = states.get(merchant)
        state = MerchantState() if packed is None else MerchantState.decode(packed)
        for step in group:
            if isinstance(step, Fraud):
                state.learn_fraud(step.known_ms, instead_of=step.instead_of)
                continue
            yield step, state.query(step.time)
            state.update(step.time, step.user)
        states.put(merchant, state.encode())


def joined(of_user: list[float], of_merchant: list[float]) -> list[float]:
    """Every feature in model order."""
    return [*of_user[:USER_WIDTH], *of_merchant, *of_user[USER_WIDTH:]]


def _request(event: UserEvent, average: float, last: int | None) -> tuple[float, ...]:
    """The request-time features, as `processing.features.vector` defines them."""
    return tuple(computation(event, average, last) for computation in _IN_ORDER)


_Computation = Callable[[UserEvent, float, int | None], float]
_REQUEST: dict[str, _Computation] = {
    "amount": lambda event, _average, _last: event.amount / 100.0,
    "distance_from_home_km": lambda event, _average, _last: event.distance,
    "seconds_since_last_transaction": lambda event, _average, last: (
        nan if last is None else (event.time - last) / 1000.0
    ),
    "hour_of_day": lambda event, _average, _last: float(event.time // _HOUR_MS % 24),
    "day_of_week": lambda event, _average, _last: float((event.time // _DAY_MS + _THURSDAY) % 7),
    # The average of amounts that round to no hundredth is 0: nothing to compare with.
    "amount_to_average_30d": lambda event, average, _last: event.amount / 100.0 / average if average else nan,
    "foreign_country": lambda event, _average, _last: event.foreign,
}
if _LACKING := [feature.name for feature in REQUEST_FEATURES if feature.name not in _REQUEST]:
    raise ValueError(
        f"{', '.join(_LACKING)}: declared, but the Flink engine does not compute it; add it to _REQUEST in "
        "processing/engines/flink/kernel.py"
    )
_IN_ORDER = tuple(_REQUEST[feature.name] for feature in REQUEST_FEATURES)
