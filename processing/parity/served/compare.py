"""Compares the features of decisions with those that the batch computes for the same transactions."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pandas as pd

from feature_groups import FEATURE_NAMES
from processing.batch import compute_features
from processing.parity.report import FeatureParity
from processing.parity.served.decisions import Decision
from processing.parity.served.explain import explain
from processing.parity.served.inputs import Histories, Inputs
from processing.parity.served.report import Judged, ServedParity
from processing.parity.tally import Tally, Values, differs

_NAMES = frozenset(FEATURE_NAMES)

LAG_MS = 60_000
"""How long after its arrival an input may still be missing from the records: the platform's bound on
freshness. What was missing for longer is no excuse."""


def compare_served(
    decisions: Sequence[Decision],
    inputs: Inputs,
    *,
    lag_ms: int = LAG_MS,
    settled_ms: int | None = None,
) -> ServedParity:
    """Recompute the features of every decision as of its event time, and judge the differences.

    Args:
        inputs: everything on the users and merchants of the decisions; what arrived before `settled_ms`
            has to be complete.
        settled_ms: decisions after this moment are counted and left out; None for none.
    """
    histories, batch = Histories(inputs), _batch(inputs)
    groups = _Groups()
    for decision in decisions:
        if settled_ms is not None and decision.decided_ms > settled_ms:
            groups.unsettled += 1
        elif decision.features is None:
            groups.without_features += 1
        elif not _same_transaction(decision, histories):
            groups.unmatched.append(decision.transaction_id)
        elif set(decision.features) != _NAMES:
            groups.other_features(decision)
        else:
            served = np.array([_value(decision.features[name]) for name in FEATURE_NAMES])
            expected = batch[decision.transaction_id]
            unequal = differs(served, expected)
            if not unequal.any():
                groups.compared(decision, served, expected)
                continue
            found = explain(decision, served, histories, lag_ms)
            names = tuple(name for name, wrong in zip(FEATURE_NAMES, unequal.tolist(), strict=True) if wrong)
            judged = Judged(decision, names, found.witnesses, found.problem)
            if found.problem is None:
                groups.late.append(judged)
            else:
                groups.mismatched.append(judged)
                groups.compared(decision, served, expected)
    return groups.report(len(decisions))


class _Groups:
    """Decisions by what became of them."""

    def __init__(self) -> None:
        self.late: list[Judged] = []
        self.mismatched: list[Judged] = []
        self.without_features = self.unsettled = self._other = 0
        self.unmatched: list[str] = []
        self._rows: list[tuple[str, Values, Values]] = []
        self._missing: Counter[str] = Counter()
        self._extra: Counter[str] = Counter()

    def compared(self, decision: Decision, served: Values, expected: Values) -> None:
        """A decision whose cells count."""
        self._rows.append((decision.transaction_id, served, expected))

    def other_features(self, decision: Decision) -> None:
        """A decision by another version of the declarations: nothing excuses that."""
        served = set(decision.features or ())
        self._missing.update(served - _NAMES)  # by the batch
        self._extra.update(_NAMES - served)
        names = sorted(served ^ _NAMES)
        problem = f"the features served are not those declared; on one side only: {', '.join(names)}"
        self.mismatched.append(Judged(decision, tuple(names), (), problem))
        self._other += 1

    def report(self, decisions: int) -> ServedParity:
        return ServedParity(
            decisions=decisions,
            equal=len(self._rows) - (len(self.mismatched) - self._other),
            late=tuple(self.late),
            mismatched=tuple(self.mismatched),
            without_features=self.without_features,
            unmatched=tuple(self.unmatched),
            unsettled=self.unsettled,
            features=self._features(),
            late_cells=dict(Counter(name for judged in self.late for name in judged.features)),
        )

    def _features(self) -> tuple[FeatureParity, ...]:
        every = [True] * len(FEATURE_NAMES)
        tally = Tally(FEATURE_NAMES, every, every)
        if self._rows:
            ids, served, expected = zip(*self._rows, strict=True)
            tally.both(np.arange(len(ids)), ids, np.array(served), np.array(expected))
        declared = (replace(f, extra=self._extra[f.name]) for f in tally.features())
        unknown = (FeatureParity(name, missing=count) for name, count in sorted(self._missing.items()))
        return (*declared, *unknown)


def _batch(inputs: Inputs) -> dict[str, Values]:
    """Features by transaction id, as the nightly pipeline computes them."""
    if not inputs.transactions.num_rows:
        return {}
    transactions, labels = inputs.transactions.to_pandas(), inputs.labels.to_pandas()
    profiles: pd.DataFrame = inputs.profiles.to_pandas()
    kept = profiles[~profiles["is_deleted"].fillna(False).astype(bool)]
    computed = compute_features(transactions, labels, kept if len(kept) else None)
    values = computed[list(FEATURE_NAMES)].to_numpy(dtype=np.float64)
    return dict(zip(computed["transaction_id"].tolist(), values, strict=True))


def _same_transaction(decision: Decision, histories: Histories) -> bool:
    """Whether the lake has the transaction that was decided."""
    found = histories.by_id.get(decision.transaction_id)
    if found is None:
        return False
    it = found.transaction
    return (it.user_id, it.merchant_id, it.timestamp_ms) == (
        decision.user_id,
        decision.merchant_id,
        decision.time_ms,
    )


def _value(value: float | None) -> float:
    return math.nan if value is None else value
