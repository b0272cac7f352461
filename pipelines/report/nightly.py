"""The reviewer's page of a night: verdict first, then what it rests on."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pipelines.report import model_pictures as pictures
from pipelines.report.html import heading, image, page, paragraph, table, verdict
from pipelines.report.quality_page import checks_of, findings_of
from pipelines.steps.metrics import Scores, Target

_REASONS = 15


def report_page(
    report: Mapping[str, Any],
    quality: Mapping[str, Any],
    scores: Scores,
    target: Target,
) -> str:
    """A model's evaluation, for whoever has to approve or reject it.

    Args:
        report: evaluation.json.
        quality: quality.json of the data.
        scores, target: [rows] of the test window.
    """
    summary, thresholds = report["summary"], report["thresholds"]
    sound = not report["quality"]["critical"]
    said = (
        f"AUC {summary['auc']}, average precision {summary['average_precision']} on {summary['test_rows']} "
        f"transactions with {summary['test_frauds']} frauds. "
    )
    said += "No check of the model objects." if sound else report["quality"]["summary"]["reason"]
    found = [*quality["findings"], *report["quality"]["findings"]]
    checks = [*quality["checks"], *report["quality"]["checks"]]
    days = quality["days"]
    body = [
        verdict(said, good=sound),
        table(("", "value"), [(name.replace("_", " "), value) for name, value in summary.items()]),
        *findings_of(found),
        heading("How well it tells frauds"),
        image("ROC, and precision against recall", pictures.curves(scores, target)),
        image(
            "calibration and distribution of the scores",
            pictures.calibration(report["calibration"], scores, target),
        ),
        heading("What a threshold costs"),
        image(
            "cost by threshold",
            pictures.costs(report["costs"], thresholds["review"], thresholds["decline"]),
        ),
        heading("By segment"),
        table(
            ("", "transactions", "frauds", "AUC", "average precision", "recall", "stopped"),
            [_segment(one) for one in report["segments"]],
        ),
        heading("What it looks at"),
        paragraph("Share of the gain of all splits."),
        table(
            ("feature", "share"),
            [(name, f"{share:.1%}") for name, share in list(report["importances"].items())[:_REASONS]],
        ),
        heading("The data"),
        image("transactions and missing values by day", pictures.volumes(days)),
        *_drift(quality["drift"]),
        *checks_of(checks),
    ]
    return page(f"Fraud model of {summary['as_of']}", body)


def _drift(found: Mapping[str, Any]) -> list[str]:
    if not found["days"]:
        return []
    return [image("drift of every feature by day", pictures.drift(found["days"], found["psi"]))]


def _segment(one: Mapping[str, Any]) -> list[str]:
    def number(value: float | None) -> str:
        return "-" if value is None else f"{value:.3f}"

    return [
        one["segment"],
        f"{one['rows']:,}",
        f"{one['frauds']:,}",
        *(number(one[name]) for name in ("auc", "average_precision", "recall")),
        f"{one['stopped']:.1%}",
    ]
