"""Features of the newest week like those of the week before."""

from __future__ import annotations

from collections.abc import Iterator

from feature_groups import MODEL_FEATURES
from feature_groups.renewal import renews
from pipelines.quality.check import Check, Problem
from pipelines.quality.psi import LARGE, MODERATE, psi
from pipelines.quality.splits import TrainingSet

_LEAST_ROWS = 500


def _look(data: TrainingSet) -> Iterator[Problem]:
    before, now = data.splits["validation"], data.splits["test"]
    if min(len(before), len(now)) < _LEAST_ROWS:
        return
    for feature in MODEL_FEATURES:
        name = feature.name
        value = psi(before[name].to_numpy(), now[name].to_numpy())
        if value > MODERATE:
            yield Problem(
                "critical" if value > LARGE and renews(feature) else "warning",
                f"{name} has drifted from the validation to the test window (PSI {value:.2f}): see what has "
                "changed in its source",
                [
                    {"window": which, "mean": _mean(frame[name]), "missing": float(frame[name].isna().mean())}
                    for which, frame in (("validation", before), ("test", now))
                ],
            )


def _mean(values: object) -> float | None:
    mean = float(values.mean())  # type: ignore[attr-defined]  # a series
    return mean if mean == mean else None


CHECKS = (Check("drift", "Are features distributed as in the week before?", _look),)
