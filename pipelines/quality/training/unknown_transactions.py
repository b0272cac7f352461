"""Referential integrity: labels belong to transactions that there are."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

from pipelines.quality.check import Check, Problem
from pipelines.quality.rows import some
from pipelines.quality.splits import TrainingSet

_NEWEST, _BEFORE = timedelta(days=14), timedelta(days=28)
_FEW, _MOST_MORE = 0.01, 0.05
_LEAST_LABELS = 20


def _look(data: TrainingSet) -> Iterator[Problem]:
    known = data.labels["investigation_complete_time"]
    since = data.windows.as_of - _NEWEST
    newest, before = known > since, (known <= since) & (known > since - _BEFORE)
    if newest.sum() < _LEAST_LABELS:
        return
    # Not `isin`: on a million texts it takes twenty times as long.
    there = set(data.transactions["transaction_id"].to_numpy(object))
    is_unknown = ~data.labels["transaction_id"].map(there.__contains__)
    # A lake that is younger than some labels' transactions misses them all along.
    usual = float(is_unknown[before].mean()) if before.any() else 0.0
    share = float(is_unknown[newest].mean())
    if share > usual + _FEW:
        yield Problem(
            "critical" if share > usual + _MOST_MORE else "warning",
            f"{share:.1%} of the labels since {since:%Y-%m-%d} are of transactions that the lake does not "
            f"have, and {usual:.1%} were before: see whether transactions are lost, or ids have changed",
            some(
                data.labels[newest & is_unknown],
                ("transaction_id", "is_fraud", "investigation_complete_time"),
            ),
        )


CHECKS = (Check("unknown_transactions", "Do labels belong to transactions that there are?", _look),)
