"""No feature that decides alone."""

from __future__ import annotations

from collections.abc import Iterator

from pipelines.quality.check import Check, Problem
from pipelines.quality.trained import Trained

_MOST, _MUCH = 0.9, 0.6


def _look(model: Trained) -> Iterator[Problem]:
    for name, share in model.importances.items():
        if share > _MUCH:
            yield Problem(
                "critical" if share > _MOST else "warning",
                f"{name} has {share:.0%} of the total gain: see whether it knows the label",
            )


CHECKS = (Check("importances", "Does any feature decide alone?", _look),)
