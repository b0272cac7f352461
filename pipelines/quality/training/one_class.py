"""Every window has frauds, and has not only frauds."""

from __future__ import annotations

from collections.abc import Iterator

from pipelines.quality.check import Check, Problem
from pipelines.quality.splits import TrainingSet
from pipelines.steps.targets import TARGET
from pipelines.steps.windows import text


def _look(data: TrainingSet) -> Iterator[Problem]:
    for name, frame in data.splits.items():
        frauds = int(frame[TARGET].sum())
        if len(frame) and frauds in (0, len(frame)):
            start, end = data.windows.bounds(name)
            yield Problem(
                "critical",
                f"all {len(frame):,} transactions of the {name} window {text(start)} to {text(end)} are "
                f"{'fraud' if frauds else 'genuine'}; check that labels arrive, or widen the window",
            )


CHECKS = (Check("one_class", "Has every window both classes?", _look),)
