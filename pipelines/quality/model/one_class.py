"""A model that tells transactions apart."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from pipelines.quality.check import Check, Problem
from pipelines.quality.trained import Trained

_MOST_STOPPED = 0.5


def _look(model: Trained) -> Iterator[Problem]:
    if np.ptp(model.scores) < 1e-6:
        yield Problem("critical", f"every score is {model.scores[0]:.6f}: the model has learnt nothing")
        return
    stopped = float((model.scores >= model.thresholds["review"]).mean())
    if not 0 < stopped <= _MOST_STOPPED:
        which = "nothing" if not stopped else f"{stopped:.0%}"
        yield Problem("critical", f"{which} of the test window is reviewed or declined: see the thresholds")


CHECKS = (Check("one_class_predictions", "Does the model tell transactions apart?", _look),)
