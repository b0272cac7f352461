"""What a model's decisions cost, in the currency of the transactions, by the matrix of `processing.costs`."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
import pandas as pd

from processing.costs import DECISIONS, DEFAULTS, TRUTHS, Costs

Amounts = npt.NDArray[np.float64]


class Decided(NamedTuple):
    """Decisions of a model.

    Attributes:
        decision: [rows] index into `DECISIONS`.
        cost: [rows] major units of the transaction's currency.
    """

    decision: npt.NDArray[np.int64]
    cost: Amounts


def decide(
    scores: npt.NDArray[np.float64],
    target: npt.NDArray[np.int8],
    amounts: Amounts,
    thresholds: dict[str, float],
    costs: Costs = DEFAULTS,
) -> Decided:
    """What a model does with each transaction at its thresholds, and what that costs.

    Args:
        scores, target: [rows].
        amounts: [rows] major units.
        thresholds: ``review`` and ``decline``.
    """
    stopped = (scores >= thresholds["review"]).astype(np.int64)
    decision = np.where(scores >= thresholds["decline"], 2, stopped)
    cost = np.zeros(len(scores))
    for number, name in enumerate(DECISIONS):
        for fraud, truth in zip((1, 0), TRUTHS, strict=True):
            cell = costs[name, truth]
            rows = (decision == number) & (target == fraud)
            cost[rows] = cell.fixed + cell.part * amounts[rows]
    return Decided(decision, cost)


def approving_everything(target: npt.NDArray[np.int8], amounts: Amounts, costs: Costs = DEFAULTS) -> Amounts:
    """[rows] cost of a platform that stops nothing."""
    never = {"review": np.inf, "decline": np.inf}
    return decide(np.zeros(len(target)), target, amounts, never, costs).cost


def by_currency(
    decided: Decided, target: npt.NDArray[np.int8], amounts: Amounts, currency: pd.Series
) -> list[dict[str, Any]]:
    """Money of a model in each currency, that with most transactions first. Currencies are not converted.

    ``saved`` is against approving everything, the cost of reviews and of genuine customers declined included.
    """
    nothing = approving_everything(target, amounts)
    names = currency.to_numpy(dtype=object)
    fraud = target == 1
    stopped = decided.decision > 0
    found = []
    for name in main_first(currency):
        rows = names == name

        def total(values: Amounts, chosen: npt.NDArray[np.bool_], within: Any = rows) -> float:
            return round(float(values[within & chosen].sum()), 2)

        found.append(
            {
                "currency": name,
                "transactions": int(rows.sum()),
                "fraud_amount": total(amounts, fraud),
                "fraud_stopped": total(amounts, fraud & stopped),
                "cost": total(decided.cost, rows),
                "cost_of_genuine": total(decided.cost, ~fraud),
                "saved": total(nothing - decided.cost, rows),
            }
        )
    return found


def main_first(currency: pd.Series) -> list[str]:
    """The currencies there are, that with most transactions first."""
    counts = currency.value_counts()
    return sorted(counts.index, key=lambda name: (-int(counts[name]), name))
