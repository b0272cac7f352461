"""What decisions were worth: overall, by decision, by rule and by model version."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import msgspec
import pandas as pd

from inference.decision_log.outcomes.figures import FRAUD, Figures, figures
from inference.decision_log.outcomes.join import add_money
from processing.costs import DECISIONS, Costs

NO_MODEL = "no model"


class Rules(msgspec.Struct, frozen=True):
    """Figures by rule; of shadow rules as if they had been live."""

    live: dict[str, Figures]
    shadow: dict[str, Figures]


class Outcomes(msgspec.Struct, frozen=True):
    """The report.

    Attributes:
        decisions: all of the period; `transactions` those that count, the last decision of each.
        labelled: transactions with a label.
        shadow_as: what shadow rules would have decided.
        costs: the cost matrix, by ``decision/truth``.
        overall: alarms are reviews and declines; so they are by model version.
        by_decision: alarms are all of the group, as they are by rule.
    """

    since: datetime
    until: datetime
    decisions: int
    transactions: int
    labelled: int
    shadow_as: str
    costs: dict[str, str]
    overall: Figures
    by_decision: dict[str, Figures]
    by_rule: Rules
    by_model_version: dict[str, Figures]


def measure(
    frame: pd.DataFrame, costs: Costs, *, since: datetime, until: datetime, decisions: int, shadow_as: str
) -> Outcomes:
    """The report on decisions that `inference.decision_log.outcomes.join.joined` has joined.

    Args:
        decisions: how many there were before only the last of each transaction was kept.
    """
    frame = add_money(frame, costs)
    frauds = int((frame["truth"] == FRAUD).sum())
    versions = frame["model_version"].fillna(NO_MODEL)
    return Outcomes(
        since=since,
        until=until,
        decisions=decisions,
        transactions=len(frame),
        labelled=int(frame["labelled"].sum()),
        shadow_as=shadow_as,
        costs={"/".join(cell): str(cost) for cell, cost in costs.items()},
        overall=_stopped(frame),
        by_decision={
            name: _all(frame[frame["decision"] == name], frauds)
            for name in DECISIONS
            if (frame["decision"] == name).any()
        },
        by_rule=Rules(
            live=_rules(frame, "rules_live", frauds, None),
            shadow=_rules(frame, "rules_shadow", frauds, shadow_as),
        ),
        by_model_version={str(name): _stopped(group) for name, group in frame.groupby(versions)},
    )


def as_dict(outcomes: Outcomes) -> dict[str, Any]:
    """The report as JSON can carry it."""
    document: dict[str, Any] = msgspec.to_builtins(outcomes)
    return document


def _stopped(group: pd.DataFrame) -> Figures:
    frauds = int((group["truth"] == FRAUD).sum())
    return figures(group, group["decision"] != "approve", frauds)


def _all(group: pd.DataFrame, frauds: int, would_be: str | None = None) -> Figures:
    return figures(group, pd.Series(True, group.index), frauds, would_be)


def _rules(frame: pd.DataFrame, column: str, frauds: int, would_be: str | None) -> dict[str, Figures]:
    """A decision counts for every rule that matched it."""
    matched = frame[column].explode().dropna()
    return {
        str(rule): _all(frame.loc[rows.index], frauds, would_be) for rule, rows in matched.groupby(matched)
    }
