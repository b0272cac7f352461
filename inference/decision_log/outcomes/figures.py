"""Precision, recall and money of some decisions."""

from __future__ import annotations

from typing import Any

import msgspec
import pandas as pd

from inference.decision_log.outcomes.join import OPEN
from processing.costs import TRUTHS

FRAUD, LEGITIMATE = TRUTHS


class Money(msgspec.Struct, frozen=True):
    """In one currency, major units.

    Attributes:
        fraud_stopped: amounts of frauds that were reviewed or declined; `fraud_approved` of the others.
        false_positive_cost: of legitimate transactions that were reviewed or declined.
        saved: against approving everything, costs of reviews included.
        would_save: of a shadow rule: the same, had it been live.
    """

    fraud_stopped: float
    fraud_approved: float
    false_positive_cost: float
    saved: float
    would_save: float | None = None


class Figures(msgspec.Struct, frozen=True):
    """Of a group of decisions, each transaction's last.

    Attributes:
        picked: those of the group that count as an alarm.
        precision: frauds among the alarms whose truth is known; None without any.
        recall: frauds among the alarms, of all frauds there are; None without any.
    """

    decisions: int
    fraud: int
    legitimate: int
    open: int
    picked: int
    true_alarms: int
    false_alarms: int
    precision: float | None
    recall: float | None
    money: dict[str, Money]


def figures(
    group: pd.DataFrame, alarms: pd.Series[bool], all_frauds: int, would_be: str | None = None
) -> Figures:
    """The figures of a group.

    Args:
        alarms: which of the group count as one.
        all_frauds: that recall refers to.
        would_be: the decision that a shadow rule would have made of every row.
    """
    counts = group["truth"].value_counts()
    alarmed = group.loc[alarms, "truth"].value_counts()
    true, false = int(alarmed.get(FRAUD, 0)), int(alarmed.get(LEGITIMATE, 0))
    return Figures(
        decisions=len(group),
        fraud=int(counts.get(FRAUD, 0)),
        legitimate=int(counts.get(LEGITIMATE, 0)),
        open=int(counts.get(OPEN, 0)),
        picked=int(alarms.sum()),
        true_alarms=true,
        false_alarms=false,
        precision=_ratio(true, true + false),
        recall=_ratio(true, all_frauds),
        money={str(currency): _money(rows, would_be) for currency, rows in group.groupby("currency")},
    )


def _money(rows: pd.DataFrame, would_be: str | None) -> Money:
    stopped = rows["decision"] != "approve"
    fraud, legitimate = rows["truth"] == FRAUD, rows["truth"] == LEGITIMATE
    return Money(
        fraud_stopped=_sum(rows.loc[fraud & stopped, "amount"]),
        fraud_approved=_sum(rows.loc[fraud & ~stopped, "amount"]),
        false_positive_cost=_sum(rows.loc[legitimate & stopped, "cost"]),
        saved=_sum(rows["saved"]),
        would_save=None if would_be is None else _sum(rows[f"saved_{would_be}"]),
    )


def _sum(values: Any) -> float:
    return round(float(values.sum()), 2)


def _ratio(part: int, whole: int) -> float | None:
    return round(part / whole, 6) if whole else None
