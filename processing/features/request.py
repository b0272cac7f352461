"""What the transaction itself tells: one small function per declared request-time feature."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple

from feature_groups import REQUEST_FEATURES, Primitive
from feature_groups.windows import MONTH
from processing.events.records import Profile, Transaction
from processing.features.geography import distance_km
from processing.windows import plan

MISSING = float("nan")
_HOUR_MS, _DAY_MS = 3_600_000, 86_400_000
_THURSDAY = 3  # 1970-01-01
_AVERAGE_30D = plan("user").values.index((Primitive("user", "avg", "amount"), MONTH))


class Request(NamedTuple):
    """Everything a request-time feature may look at.

    Attributes:
        user: what the kernel computes of the user's history, in the order of ``plan("user").values``.
        merchant: the same of the merchant's.
        last_ms: when the user's newest transaction strictly before this one was; None for never.
    """

    transaction: Transaction
    profile: Profile | None
    user: Sequence[float]
    merchant: Sequence[float]
    last_ms: int | None


Computation = Callable[[Request], float]
_COMPUTATIONS: dict[str, Computation] = {}


def computes(name: str) -> Callable[[Computation], Computation]:
    """Make a function the computation of the declared request-time feature `name`."""

    def register(computation: Computation) -> Computation:
        if name in _COMPUTATIONS:
            raise ValueError(f"{name}: computed twice in processing/features/request.py; keep one")
        _COMPUTATIONS[name] = computation
        return computation

    return register


@computes("amount")
def _amount(request: Request) -> float:
    return request.transaction.hundredths / 100.0


@computes("distance_from_home_km")
def _distance_from_home(request: Request) -> float:
    profile, lat, lon = request.profile, request.transaction.lat, request.transaction.lon
    if profile is None or lat is None or lon is None:
        return MISSING
    if profile.home_lat is None or profile.home_lon is None:
        return MISSING
    return distance_km(profile.home_lat, profile.home_lon, lat, lon)


@computes("seconds_since_last_transaction")
def _seconds_since_last(request: Request) -> float:
    if request.last_ms is None:
        return MISSING
    return (request.transaction.timestamp_ms - request.last_ms) / 1000.0


@computes("hour_of_day")
def _hour_of_day(request: Request) -> float:
    return float(request.transaction.timestamp_ms // _HOUR_MS % 24)


@computes("day_of_week")
def _day_of_week(request: Request) -> float:
    return float((request.transaction.timestamp_ms // _DAY_MS + _THURSDAY) % 7)


@computes("amount_to_average_30d")
def _amount_to_average(request: Request) -> float:
    average = request.user[_AVERAGE_30D]
    # 0.001 KWD is 0 hundredths, so there are averages of 0: nothing to compare with.
    return _amount(request) / average if average else MISSING


@computes("foreign_country")
def _foreign(request: Request) -> float:
    home = None if request.profile is None else request.profile.home_country
    country = request.transaction.country
    return MISSING if home is None or country is None else float(country != home)


def computations(names: Sequence[str]) -> tuple[Computation, ...]:
    """The computation of each request-time feature, in this order.

    Raises:
        ValueError: a feature has no computation, or a computation no feature.
    """
    for name in sorted(set(names) ^ set(_COMPUTATIONS)):
        lacks = "computation in processing/features" if name in names else "declaration in feature_groups"
        raise ValueError(f"request-time feature {name} has no {lacks}/request.py: add it")
    return tuple(_COMPUTATIONS[name] for name in names)


COMPUTATIONS = computations([feature.name for feature in REQUEST_FEATURES])
