"""Labels that contradict one another."""

from __future__ import annotations

from collections.abc import Iterator

from pipelines.quality.check import Check, Problem
from pipelines.quality.rows import some
from pipelines.quality.splits import TrainingSet

_MOST_CONTRADICTIONS = 0.01
_MANY_CORRECTIONS, _MOST_CORRECTIONS = 0.05, 0.2
_COLUMNS = ("transaction_id", "is_fraud", "investigation_complete_time")


def _look(data: TrainingSet) -> Iterator[Problem]:
    labels = data.labels
    if labels.empty:
        return
    labelled = labels["transaction_id"].nunique()
    at_once = labels.groupby(["transaction_id", "investigation_complete_time"])["is_fraud"].transform(
        "nunique"
    )
    both = labels[at_once > 1]
    if len(both):
        share = both["transaction_id"].nunique() / labelled
        yield Problem(
            "critical" if share > _MOST_CONTRADICTIONS else "warning",
            f"{both['transaction_id'].nunique():,} transactions ({share:.1%} of the labelled) are fraud and "
            "genuine by labels of the same moment: neither overrules the other; see who sends them",
            some(both.sort_values(list(_COLUMNS)), _COLUMNS),
        )
    ever = labels.groupby("transaction_id")["is_fraud"].transform("nunique")
    corrected = labels[(ever > 1) & (at_once == 1)]
    share = corrected["transaction_id"].nunique() / labelled
    if share > _MANY_CORRECTIONS:
        yield Problem(
            "critical" if share > _MOST_CORRECTIONS else "warning",
            f"{share:.1%} of the labelled transactions have labels that were overruled: see whether "
            "investigations can be relied on",
            some(corrected.sort_values(list(_COLUMNS)), _COLUMNS),
        )


CHECKS = (Check("label_consistency", "Do labels contradict one another?", _look),)
