"""Finds the inputs without which the batch gives what was served."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass

import numpy as np

from feature_groups import FEATURE_NAMES, MERCHANT_FEATURES
from processing.events import Profile
from processing.features import MerchantState, UserState, vector
from processing.parity.served import records
from processing.parity.served.decisions import Decision
from processing.parity.served.evidence import witnesses
from processing.parity.served.inputs import Histories
from processing.parity.served.records import Held
from processing.parity.served.witness import Witness
from processing.parity.tally import Values, differs

_FROM_MERCHANT = np.isin(FEATURE_NAMES, [feature.name for feature in MERCHANT_FEATURES])


@dataclass(frozen=True, slots=True)
class Explanation:
    """Whether a difference is due to inputs that could not be known, and which.

    Attributes:
        witnesses: the inputs on which the two stand on different ground.
        problem: why this does not excuse the difference; None when it does.
    """

    witnesses: tuple[Witness, ...]
    problem: str | None = None


def explain(decision: Decision, served: Values, histories: Histories, lag_ms: int) -> Explanation:
    """Explain why `served`, in model order, is not what the batch computes.

    Of the contents that the user's record may have had, the first is taken that gives the features that
    were served, and of the merchant's likewise.

    Args:
        lag_ms: an input that arrived longer than this before the decision has to be in the record.
    """
    transaction = histories.by_id[decision.transaction_id].transaction
    known, profile = records.profile_read(decision, histories)
    if not known:
        return Explanation((), "the profile version that was read is neither offline nor online any more")

    def compute(user: UserState | None, merchant: MerchantState | None, home: Profile | None) -> Values:
        return np.array(vector(transaction, home, user, merchant))

    user = _first(
        records.user_candidates(decision, histories, lag_ms),
        lambda held: compute(records.user_state(held), None, profile),
        served,
        ~_FROM_MERCHANT,
    )
    merchant = _first(
        records.merchant_candidates(decision, histories, lag_ms),
        lambda held: compute(None, records.merchant_state(held), None),
        served,
        _FROM_MERCHANT,
    )
    if user is None or merchant is None:
        whose = "user's" if user is None else "merchant's"
        return Explanation((), f"nothing that the {whose} record can have held gives what was served")
    found = tuple(witnesses(decision, histories, user, merchant))
    if not found:
        return Explanation((), "the records held what the batch has, and yet the batch differs")
    overdue = [one for one in found if one.late_ms is not None and one.late_ms < -lag_ms]
    return Explanation(found, f"an input was overdue: {overdue[0]}" if overdue else None)


def _first(
    candidates: Iterable[Held],
    compute: Callable[[Held], Values],
    served: Values,
    columns: np.ndarray[tuple[int], np.dtype[np.bool_]],
) -> Held | None:
    """The first candidate that gives what was served in some columns."""
    for held in candidates:
        if not (differs(served, compute(held)) & columns).any():
            return held
    return None
