"""The features of one transaction, as of its own event time."""

from __future__ import annotations

from operator import itemgetter
from typing import TYPE_CHECKING

from processing.events.records import Profile, Transaction
from processing.features.request import COMPUTATIONS, Request
from processing.windows import MerchantState, UserState, plan

if TYPE_CHECKING:  # reading a state needs no numpy
    import numpy as np
    import numpy.typing as npt

# The kernel computes more than is declared; these take what is, in model order.
_of_user = itemgetter(*plan("user").picks)
_of_merchant = itemgetter(*plan("merchant").picks)


def vector(
    transaction: Transaction,
    profile: Profile | None,
    user_state: UserState | None,
    merchant_state: MerchantState | None,
) -> list[float]:
    """The model's inputs in the order of `feature_groups.FEATURE_NAMES`; NaN is missing.

    Args:
        profile: None when the user has none; what depends on it is then missing.
        user_state, merchant_state: None when the entity has no history: counts are then 0.

    Only what happened strictly before the transaction's event time counts, so states that already
    contain the transaction itself give the same result.
    """
    t_ms = transaction.timestamp_ms
    user = (user_state or UserState()).values(t_ms)
    merchant = (merchant_state or MerchantState()).values(t_ms)
    last_ms = None if user_state is None else user_state.last_time(t_ms)
    request = Request(transaction, profile, user, merchant, last_ms)
    return [
        *_of_user(user),
        *_of_merchant(merchant),
        *(computation(request) for computation in COMPUTATIONS),
    ]


def vector_into(
    row: npt.NDArray[np.float64],
    transaction: Transaction,
    profile: Profile | None,
    user_state: UserState | None,
    merchant_state: MerchantState | None,
) -> None:
    """Write `vector` into a row of a matrix."""
    row[:] = vector(transaction, profile, user_state, merchant_state)
