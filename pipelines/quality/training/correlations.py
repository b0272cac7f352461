"""Features hang together as they did: a broken join keeps each distribution and loses what ties them."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pandas as pd

from feature_groups import MODEL_FEATURES
from feature_groups.renewal import renews
from pipelines.quality.check import Check, Problem
from pipelines.quality.splits import TrainingSet

_LARGE, _MODERATE = 0.6, 0.3
_LEAST_ROWS, _MOST_ROWS = 500, 20_000
_NAMES = [feature.name for feature in MODEL_FEATURES if renews(feature)]


def _look(data: TrainingSet) -> Iterator[Problem]:
    before, now = (data.splits[which] for which in ("train", "test"))
    if min(len(before), len(now)) < _LEAST_ROWS:
        return
    was, is_now = _correlations(before), _correlations(now)
    changed = np.triu(np.abs(was - is_now), 1)
    for row, column in sorted(np.argwhere(changed > _MODERATE).tolist(), key=lambda at: -changed[*at]):
        yield Problem(
            "critical" if changed[row, column] > _LARGE else "warning",
            f"{_NAMES[row]} and {_NAMES[column]} have a rank correlation of {is_now[row, column]:.2f} in the "
            f"test window, and had {was[row, column]:.2f} in the training window: see whether they still "
            "describe the same transactions",
            [
                {"window": which, "correlation": round(float(of[row, column]), 4)}
                for which, of in (("train", was), ("test", is_now))
            ],
        )


def _correlations(frame: pd.DataFrame) -> np.ndarray[tuple[int, int], np.dtype[np.float64]]:
    """Spearman's, NaN where a feature is constant or two are hardly known together."""
    sample = frame[_NAMES].iloc[:: max(1, len(frame) // _MOST_ROWS)]
    # Of ranks over all known values: one matrix product, and Spearman's where the same rows are known.
    found: np.ndarray[tuple[int, int], np.dtype[np.float64]]
    found = sample.rank().corr(min_periods=_LEAST_ROWS).to_numpy()
    return found


CHECKS = (Check("correlations", "Do features hang together as they did?", _look),)
