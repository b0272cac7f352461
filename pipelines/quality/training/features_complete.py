"""All features as finite numbers: that each has its column, reading the features made sure."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from feature_groups import FEATURE_NAMES
from pipelines.quality.check import Check, Problem
from pipelines.quality.rows import some
from pipelines.quality.splits import TrainingSet


def _look(data: TrainingSet) -> Iterator[Problem]:
    for which, frame in data.splits.items():
        for name in FEATURE_NAMES:
            infinite = np.isinf(frame[name].to_numpy(np.float64))
            if infinite.any():
                yield Problem(
                    "critical",
                    f"{name} is infinite in {int(infinite.sum()):,} rows of the {which} window: see what it "
                    "is divided by",
                    some(frame[infinite].astype({name: str}), ("transaction_id", name)),
                )


CHECKS = (Check("features_complete", "Is every feature a number?", _look),)
