"""No feature that decides alone."""

from __future__ import annotations

from collections.abc import Iterator

from pipelines.quality.check import Check, Problem
from pipelines.quality.trained import Trained

_MOST, _MUCH = 0.9, 0.6
_PERFECT = 0.999


def _look(model: Trained) -> Iterator[Problem]:
    for name, share in model.importances.items():
        if share > _MOST and model.auc >= _PERFECT:
            message = (
                f"the model is nearly perfect (AUC {model.auc:.4f}) and {name} has {share:.0%} of its gain"
            )
            yield Problem("critical", f"{message}: it knows the label")
        elif share > _MUCH:
            yield Problem(
                "warning", f"{name} has {share:.0%} of the total gain: see whether it knows the label"
            )


CHECKS = (Check("importances", "Does any feature decide alone?", _look),)
