"""Every window has transactions."""

from __future__ import annotations

from collections.abc import Iterator

from pipelines.quality.check import Check, Problem
from pipelines.quality.splits import TrainingSet
from pipelines.steps.windows import text


def _look(data: TrainingSet) -> Iterator[Problem]:
    for name, frame in data.splits.items():
        if frame.empty:
            start, end = data.windows.bounds(name)
            yield Problem(
                "critical",
                f"the {name} window {text(start)} to {text(end)} has no transactions; ingest them, or change "
                "AsOf, HistoryDays or the days of validation and test",
            )


CHECKS = (Check("empty_window", "Has every window transactions?", _look),)
