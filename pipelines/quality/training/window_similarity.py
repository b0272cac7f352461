"""The test window like the training window, by the distance of Kolmogorov and Smirnov."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from scipy.stats import ks_2samp

from feature_groups import MODEL_FEATURES
from feature_groups.renewal import renews
from pipelines.quality.check import Check, Problem
from pipelines.quality.splits import TrainingSet

_LARGE, _MODERATE = 0.4, 0.2
_LEAST_ROWS, _MOST_ROWS = 500, 50_000


def _look(data: TrainingSet) -> Iterator[Problem]:
    train, test = data.splits["train"], data.splits["test"]
    if min(len(train), len(test)) < _LEAST_ROWS:
        return
    for feature in MODEL_FEATURES:
        if not renews(feature):
            continue  # what grows with history differs by definition
        before, now = (_known(frame[feature.name].to_numpy(np.float64)) for frame in (train, test))
        if min(before.size, now.size) < _LEAST_ROWS:
            continue
        distance = float(ks_2samp(before, now, method="asymp").statistic)
        if distance > _MODERATE:
            yield Problem(
                "critical" if distance > _LARGE else "warning",
                f"{feature.name} of the test window is not what the model trains on (Kolmogorov-Smirnov "
                f"distance {distance:.2f}): see what has changed, and since when",
                [
                    {"window": which, "median": float(np.median(values)), "mean": float(values.mean())}
                    for which, values in (("train", before), ("test", now))
                ],
            )


def _known(
    values: np.ndarray[tuple[int], np.dtype[np.float64]],
) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
    known = values[~np.isnan(values)]
    return known[:: max(1, known.size // _MOST_ROWS)]


CHECKS = (Check("window_similarity", "Is the test window like the training window?", _look),)
