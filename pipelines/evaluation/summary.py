"""The main figures as texts, which the model package repeats for whoever lists models."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

NAMES = (
    "as_of", "auc", "average_precision", "card_precision_at_100", "recall_at_fpr_1pct", "saved",
    "champion_version", "against_champion", "serving_p95_ms",
    "test_rows", "test_frauds", "train_rows", "training_window", "test_window",
)  # fmt: skip


def summary(report: Mapping[str, Any]) -> dict[str, str]:
    """`NAMES` and what each is. The registry takes letters, digits, spaces and ``_.:/=+-@``, at most 256."""
    fraud, splits = report["fraud_metrics"], report["dataset"]["splits"]
    money = report["money"][0]
    found = {
        "as_of": report["dataset"]["as_of"],
        "auc": f"{report['binary_classification_metrics']['auc']['value']:.4f}",
        "average_precision": f"{fraud['average_precision']:.4f}",
        "card_precision_at_100": f"{fraud['card_precision']['value']:.4f}",
        "recall_at_fpr_1pct": f"{fraud['recall_at_false_positive_rate']['1pct']:.4f}",
        "saved": f"{money['saved']:.0f} {money['currency']}",
        **_champion(report["comparison"]),
        "serving_p95_ms": f"{report['serving']['p95_ms']:.2f}",
        "test_rows": str(splits["test"]["rows"]),
        "test_frauds": str(splits["test"]["frauds"]),
        "train_rows": str(splits["train"]["rows"]),
        "training_window": f"{splits['train']['start']}/{splits['train']['end']}",
        "test_window": f"{splits['test']['start']}/{splits['test']['end']}",
    }
    return {name: found[name] for name in NAMES}


def _champion(comparison: Mapping[str, Any]) -> dict[str, str]:
    champion = comparison["champion"]
    told = str(comparison["verdict"])
    if "differences" in comparison:
        one = comparison["differences"]["average_precision"]
        told = f"{one['difference']:+.4f} average precision - {told}"
        if one["low"] is not None:
            told = (
                f"{one['difference']:+.4f} average precision from {one['low']:+.4f} to {one['high']:+.4f} - "
                f"{comparison['verdict']}"
            )
    return {
        "champion_version": "none" if champion is None else str(champion["version"]),
        "against_champion": told,
    }
