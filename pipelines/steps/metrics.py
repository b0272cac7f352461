"""What a scored test window says about a model."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
from sklearn.metrics import average_precision_score, precision_recall_curve, roc_auc_score, roc_curve

Scores = npt.NDArray[np.float64]
Target = npt.NDArray[np.int8]

FALSE_POSITIVE_RATES = {"0.1pct": 0.001, "0.5pct": 0.005, "1pct": 0.01}
_CURVE_POINTS = 200


def binary_classification_metrics(scores: Scores, target: Target, threshold: float) -> dict[str, Any]:
    """Metrics in the layout SageMaker's model quality reports use; positive means score >= threshold."""
    flagged = scores >= threshold
    fraud = target == 1
    counts = {
        (actual, predicted): int(((fraud == bool(actual)) & (flagged == bool(predicted))).sum())
        for actual in (0, 1)
        for predicted in (0, 1)
    }
    caught, missed = counts[1, 1], counts[1, 0]
    disturbed, passed = counts[0, 1], counts[0, 0]
    false_rates, true_rates, _ = roc_curve(target, scores)
    precisions, recalls, _ = precision_recall_curve(target, scores)
    return {
        "confusion_matrix": {"0": {"0": passed, "1": disturbed}, "1": {"0": missed, "1": caught}},
        "accuracy": _value((caught + passed) / len(target)),
        "precision": _value(caught / max(caught + disturbed, 1)),
        "recall": _value(caught / max(caught + missed, 1)),
        "true_positive_rate": _value(caught / max(caught + missed, 1)),
        "false_positive_rate": _value(disturbed / max(disturbed + passed, 1)),
        "auc": _value(float(roc_auc_score(target, scores))),
        "receiver_operating_characteristic_curve": {
            "false_positive_rates": _thinned(false_rates),
            "true_positive_rates": _thinned(true_rates),
        },
        "precision_recall_curve": {"precisions": _thinned(precisions), "recalls": _thinned(recalls)},
    }


def fraud_metrics(scores: Scores, target: Target, keys: pd.DataFrame, cards: int = 100) -> dict[str, Any]:
    """What the count of frauds caught depends on; `keys` has ``user_id`` and ``timestamp``."""
    return {
        "average_precision": float(average_precision_score(target, scores)),
        "brier_score": float(np.mean((scores - target) ** 2)),
        "recall_at_false_positive_rate": {
            name: recall_at(scores, target, rate) for name, rate in FALSE_POSITIVE_RATES.items()
        },
        "card_precision": {"cards": cards, "value": card_precision(scores, target, keys, cards)},
    }


def recall_at(scores: Scores, target: Target, false_positive_rate: float) -> float:
    """Share of frauds found when at most this share of genuine transactions is flagged."""
    false_rates, true_rates, _ = roc_curve(target, scores, drop_intermediate=False)
    return float(true_rates[false_rates <= false_positive_rate].max())


def card_precision(scores: Scores, target: Target, keys: pd.DataFrame, cards: int) -> float:
    """Share of cards worth an investigator's call, the mean over the days (UTC).

    Each day the `cards` cards with the highest single score are called; a call is worth it when
    the card has a fraud that day. A card found out is blocked and not called again.
    """
    rows = pd.DataFrame(
        {
            "card": keys["user_id"].to_numpy(),
            "day": pd.to_datetime(keys["timestamp"], utc=True).dt.floor("D").to_numpy(),
            "score": scores,
            "fraud": target,
        }
    )
    caught: set[str] = set()
    daily = []
    for _, day in rows.groupby("day", sort=True):
        open_cards = day[~day["card"].isin(caught)]
        worst = open_cards.groupby("card").agg(score=("score", "max"), fraud=("fraud", "max"))
        called = worst.sort_values("score", ascending=False, kind="stable").head(cards)
        found = called.index[called["fraud"] == 1]
        caught.update(found)
        daily.append(len(found) / cards)
    return float(np.mean(daily))


def decisions(scores: Scores, target: Target, review: float, decline: float) -> dict[str, dict[str, int]]:
    """Transactions and frauds that each decision would have met."""
    chosen = {
        "approve": scores < review,
        "review": (scores >= review) & (scores < decline),
        "decline": scores >= decline,
    }
    return {
        name: {"transactions": int(rows.sum()), "frauds": int(target[rows].sum())}
        for name, rows in chosen.items()
    }


def _value(number: float) -> dict[str, Any]:
    return {"value": number, "standard_deviation": "NaN"}


def _thinned(curve: npt.NDArray[np.float64]) -> list[float]:
    """At most `_CURVE_POINTS` points, both ends included."""
    if len(curve) > _CURVE_POINTS:
        curve = curve[np.linspace(0, len(curve) - 1, _CURVE_POINTS).round().astype(int)]
    return [round(float(value), 6) for value in curve]
