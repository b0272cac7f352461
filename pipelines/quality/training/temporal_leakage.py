"""Nothing from after the moment it is used at."""

from __future__ import annotations

from collections.abc import Iterator

from pipelines.quality.check import Check, Problem
from pipelines.quality.rows import some
from pipelines.quality.splits import TrainingSet

_AGES = ("seconds_since_last_transaction", "merchant_days_since_first_known_fraud")
_MOST_EARLY = 0.01


def _look(data: TrainingSet) -> Iterator[Problem]:
    late = data.labels[data.labels["investigation_complete_time"] > data.windows.as_of]
    if len(late):
        yield Problem(
            "critical",
            f"{len(late):,} labels became known after the as-of time: the target must not know them",
            some(late, ("transaction_id", "investigation_complete_time")),
        )
    for which, frame in data.splits.items():
        start, end = data.windows.bounds(which)
        outside = frame[(frame["timestamp"] < start) | (frame["timestamp"] >= end)]
        if len(outside):
            yield Problem(
                "critical",
                f"{len(outside):,} transactions of the {which} window are outside of it: see how "
                "it was split",
                some(outside, ("transaction_id", "timestamp")),
            )
        for name in _AGES:
            negative = frame[frame[name] < 0]
            if len(negative):
                yield Problem(
                    "critical",
                    f"{name} is negative in {len(negative):,} rows of the {which} window: its history is "
                    "newer than the transaction",
                    some(negative, ("transaction_id", "timestamp", name)),
                )
    yield from _early(data)


def _early(data: TrainingSet) -> Iterator[Problem]:
    """Labels of transactions that had not happened: their times, or those of the labels, are wrong."""
    joined = data.labels.merge(data.transactions[["transaction_id", "timestamp"]], on="transaction_id")
    early = joined[joined["investigation_complete_time"] < joined["timestamp"]]
    if len(early):
        share = len(early) / len(joined)
        yield Problem(
            "critical" if share > _MOST_EARLY else "warning",
            f"{len(early):,} labels ({share:.1%}) became known before their transaction happened: see which "
            "of the two clocks is wrong",
            some(early, ("transaction_id", "timestamp", "investigation_complete_time")),
        )


CHECKS = (Check("temporal_leakage", "Is anything newer than the moment it is used at?", _look),)
