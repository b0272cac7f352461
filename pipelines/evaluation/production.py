"""The comparison with production as evaluation.json has it."""

from __future__ import annotations

from typing import Any

from pipelines.evaluation.champion import Champion
from pipelines.evaluation.comparison import MEASURE, disagreement, judged, only_one_caught, paired
from pipelines.evaluation.measuring import NAMES, SAVED, Measurement, amounts_of
from pipelines.evaluation.money import by_currency
from pipelines.steps.dataset import Dataset
from pipelines.steps.metrics import Scores

NOT_COMPARED = "not compared"


def not_compared(champion: Champion | None, test_start: str) -> dict[str, Any]:
    """Where there is nothing to compare with, the fixed criteria decide alone, and it is said why."""
    reason = "no model is in production" if champion is None else champion.why_not_comparable(test_start)
    return {
        "verdict": NOT_COMPARED,
        "text": f"{reason}: the fixed criteria decide alone",
        "champion": None if champion is None else _identity(champion),
    }


def compared(
    champion: Champion,
    challenger: tuple[Scores, Measurement],
    production: tuple[Scores, Measurement],
    test: Dataset,
    tolerance: float,
) -> dict[str, Any]:
    """Both models on the same rows.

    Args:
        challenger, production: scores and measurements.
        tolerance: loss of average precision that does not matter.
    """
    ours, theirs = challenger[1], production[1]
    differences = paired(NAMES, (ours.figures, ours.samples), (theirs.figures, theirs.samples))
    verdict = judged(differences[MEASURE], tolerance)
    amounts = amounts_of(test)
    return {
        "verdict": verdict,
        "text": _told(champion.version, differences[MEASURE], verdict, tolerance),
        "champion": _identity(champion),
        "differences": differences,
        "disagreement": disagreement(ours.decided, theirs.decided, test.target, amounts),
        "caught_at_1pct": only_one_caught(challenger[0], production[0], test.target),
        "money": by_currency(theirs.decided, test.target, amounts, test.keys["currency"]),
        "saved": differences[SAVED],
    }


def _identity(champion: Champion) -> dict[str, Any]:
    return {"package": champion.package, "version": champion.version, "thresholds": champion.model.thresholds}


def _told(version: int, difference: dict[str, Any], verdict: str, tolerance: float) -> str:
    low, high = difference["low"], difference["high"]
    interval = "without an interval" if low is None else f"95 % interval {low:+.4f} to {high:+.4f}"
    ending = {
        "worse": f"worse, beyond the tolerance of {tolerance:g}",
        "better": "better",
    }.get(verdict, verdict)
    return (
        f"average precision {difference['challenger']:.4f} against {difference['champion']:.4f} of version "
        f"{version} in production, difference {difference['difference']:+.4f} ({interval}): {ending}"
    )
