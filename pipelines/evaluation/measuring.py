"""All figures of one or more models on the test window, on the same resamples."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from feature_groups import FEATURE_NAMES
from pipelines.evaluation.money import Amounts, Decided, approving_everything, decide, main_first
from pipelines.evaluation.resampling import RESAMPLES, Cards, Numbers, Statistic, resample
from pipelines.evaluation.statistics import CALLS, CURVES, Calls, Curves, Sum
from pipelines.steps.dataset import Dataset
from pipelines.steps.metrics import Scores

SAVED = "saved"
NAMES = (*CURVES, *CALLS, SAVED)
"""`SAVED` is in the currency that most transactions have."""


class Measurement(NamedTuple):
    """A model on the test window.

    Attributes:
        figures: [names] on the window as it is.
        samples: [resamples, names].
        decided: what it does with each transaction.
    """

    figures: Numbers
    samples: Numbers
    decided: Decided


def measure(
    models: Sequence[tuple[Scores, dict[str, float]]], test: Dataset, resamples: int = RESAMPLES
) -> list[Measurement]:
    """Measure models by their scores and thresholds, on the same resamples: differences are paired."""
    cards = Cards.of(test.keys["user_id"])
    amounts = amounts_of(test)
    main = (test.keys["currency"] == main_first(test.keys["currency"])[0]).to_numpy(bool)
    nothing = approving_everything(test.target, amounts)
    statistics: list[Statistic] = []
    decisions = []
    for scores, thresholds in models:
        decided = decide(scores, test.target, amounts, thresholds)
        decisions.append(decided)
        statistics += [
            Curves(scores, test.target, cards),
            Calls(scores, test.target, test.keys, cards),
            Sum(np.where(main, nothing - decided.cost, 0.0), cards),
        ]
    samples = resample(cards, statistics, resamples)
    once = [statistic.of(cards.once()) for statistic in statistics]
    each = len(statistics) // len(models)
    return [
        Measurement(
            np.concatenate(once[first : first + each]), np.hstack(samples[first : first + each]), decided
        )
        for first, decided in zip(range(0, len(statistics), each), decisions, strict=True)
    ]


def amounts_of(test: Dataset) -> Amounts:
    """[rows] major units of the transaction's currency."""
    return test.features[:, FEATURE_NAMES.index("amount")].astype(np.float64)
