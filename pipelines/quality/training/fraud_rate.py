"""As many frauds as before: labels that are missing, and labels that are too many."""

from __future__ import annotations

from collections.abc import Iterator

from pipelines.quality.check import Check, Problem
from pipelines.quality.rows import some
from pipelines.quality.splits import TrainingSet
from pipelines.steps.targets import TARGET

_MOST_TIMES = 3.0
_LEAST_EXPECTED = 10.0
_LEAST_MISSED = 30.0
"""Frauds come in clusters: of 17 that were to be expected, a sound week had 3."""
_LOWEST, _HIGHEST = 0.00005, 0.3


def _look(data: TrainingSet) -> Iterator[Problem]:
    train = data.splits["train"]
    if train.empty:
        return
    usual = float(train[TARGET].mean())
    if not _LOWEST <= usual <= _HIGHEST:
        yield Problem(
            "critical",
            f"{usual:.3%} of the training window are frauds, expected {_LOWEST:.3%} to {_HIGHEST:.0%}: see "
            "whether labels are complete, and what counts as one",
        )
        return
    for name in ("validation", "test"):
        frame = data.splits[name]
        frauds, expected = int(frame[TARGET].sum()), usual * len(frame)
        if expected < _LEAST_EXPECTED and frauds < _LEAST_EXPECTED:
            continue
        few = expected >= _LEAST_MISSED and frauds < expected / _MOST_TIMES
        if few or frauds > expected * _MOST_TIMES:
            yield Problem(
                "critical",
                f"the {name} window has {frauds:,} frauds where {expected:,.0f} were to be expected "
                f"({frauds / len(frame):.3%} against {usual:.3%} before): see whether labels "
                f"{'are missing' if frauds < expected else 'are wrong, or an attack is on'}",
                some(frame[frame[TARGET] == 1], ("transaction_id", "user_id", "timestamp")),
            )


CHECKS = (Check("fraud_rate", "Are there as many frauds as before?", _look),)
