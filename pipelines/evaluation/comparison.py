"""Challenger against champion on the same rows, with the paired bootstrap."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from pipelines.evaluation.money import Decided
from pipelines.evaluation.resampling import Numbers, interval, p_value
from pipelines.steps.metrics import Scores, Target
from processing.costs import DECISIONS

MEASURE = "average_precision"
"""What better and worse mean; the other figures are told beside it."""


def paired(
    names: tuple[str, ...],
    challenger: tuple[Numbers, Numbers],
    champion: tuple[Numbers, Numbers],
) -> dict[str, dict[str, Any]]:
    """Each figure of both models, their difference, its interval and its p-value.

    Args:
        challenger, champion: figures on the data as it is, and [resamples, figures] on the same resamples.
    """
    found = {}
    for number, name in enumerate(names):
        differences = challenger[1][:, number] - champion[1][:, number]
        low, high = interval(differences) or (None, None)
        ours, theirs = float(challenger[0][number]), float(champion[0][number])
        found[name] = {
            "challenger": ours,
            "champion": theirs,
            "difference": ours - theirs,
            "low": low,
            "high": high,
            "p_value": p_value(differences),
        }
    return found


def judged(difference: dict[str, Any], tolerance: float) -> str:
    """``better``, ``worse`` or ``no difference shown``.

    Worse needs both: the whole interval lies below zero, so that it is not chance, and the difference is
    beyond the tolerance, so that it matters. Chance alone refuses no model, and a reviewer sees the interval.
    """
    low, high = difference["low"], difference["high"]
    if high is not None and high < 0 and difference["difference"] < -tolerance:
        return "worse"
    if low is not None and low > 0:
        return "better"
    return "no difference shown"


def disagreement(
    challenger: Decided, champion: Decided, target: Target, amounts: npt.NDArray[np.float64]
) -> list[dict[str, Any]]:
    """Where the two decide differently, most transactions first."""
    found = []
    for ours, our_name in enumerate(DECISIONS):
        for theirs, their_name in enumerate(DECISIONS):
            rows = (challenger.decision == ours) & (champion.decision == theirs)
            if ours != theirs and rows.any():
                frauds = rows & (target == 1)
                found.append(
                    {
                        "challenger": our_name,
                        "champion": their_name,
                        "transactions": int(rows.sum()),
                        "frauds": int(frauds.sum()),
                        "fraud_amount": round(float(amounts[frauds].sum()), 2),
                    }
                )
    return sorted(found, key=lambda one: (-one["transactions"], one["challenger"], one["champion"]))


def only_one_caught(
    challenger: Scores, champion: Scores, target: Target, false_positive_rate: float = 0.01
) -> dict[str, int]:
    """Frauds that each finds when both disturb the same share of genuine customers."""
    fraud = target == 1
    found = []
    for scores in (challenger, champion):
        genuine = np.sort(scores[~fraud])[::-1]
        allowed = int(false_positive_rate * len(genuine))
        limit = genuine[allowed] if allowed < len(genuine) else -np.inf
        found.append(fraud & (scores > limit))
    ours, theirs = found
    return {
        "both": int((ours & theirs).sum()),
        "challenger_only": int((ours & ~theirs).sum()),
        "champion_only": int((theirs & ~ours).sum()),
        "neither": int((fraud & ~ours & ~theirs).sum()),
    }
