"""The reviewer's page of a night: verdict first, then what it rests on."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pipelines.report import model_pictures as pictures
from pipelines.report.html import heading, image, page, paragraph, table
from pipelines.report.html import verdict as shown
from pipelines.report.production import against_production, what_changed
from pipelines.report.quality_page import checks_of, findings_of
from pipelines.report.words import money, number, spoken, within
from pipelines.steps.metrics import Scores, Target
from processing.costs import DEFAULTS

_FEATURES = 15
_IN_MONEY = "saved"


def verdict(report: Mapping[str, Any]) -> dict[str, Any]:
    """``good`` and the ``text`` that says why, of an evaluation."""
    summary, gate = report["summary"], report["gate"]
    good = not gate["failed"]
    text = (
        f"AUC {summary['auc']}, average precision {summary['average_precision']} on {summary['test_rows']} "
        f"transactions with {summary['test_frauds']} frauds. "
    )
    text += f"Against production: {report['comparison']['verdict']}. "
    text += (
        "Every criterion is met: it may be reviewed." if good else f"Refused: {gate['summary']['reason']}."
    )
    return {"good": good, "text": text}


def report_page(
    report: Mapping[str, Any],
    quality: Mapping[str, Any],
    scores: Scores,
    target: Target,
    production: Scores | None = None,
) -> str:
    """A model's evaluation, for whoever has to approve or reject it.

    Args:
        report: evaluation.json.
        quality: quality.json of the data.
        scores, target: [rows] of the test window.
        production: [rows] scores of the model in production, where it was compared.
    """
    said, thresholds = verdict(report), report["thresholds"]
    found = [*quality["findings"], *report["quality"]["findings"]]
    checks = [*quality["checks"], *report["quality"]["checks"]]
    body = [
        shown(said["text"], good=said["good"]),
        *_criteria(report["gate"]),
        *findings_of(found),
        *against_production(report),
        heading("How well it tells frauds"),
        image("ROC, and precision against recall", pictures.curves(scores, target, production)),
        *_figures(report),
        *_calibration(report, scores, target),
        *_money(report),
        heading("What a threshold costs"),
        image(
            "cost by threshold",
            pictures.costs(report["costs"], thresholds["review"], thresholds["decline"]),
        ),
        *_segments(report["segments"], production is not None),
        *_reasons(report),
        *what_changed(report["changes"]),
        *_serving(report),
        heading("The data"),
        table(("", "value"), [(spoken(name), value) for name, value in report["summary"].items()]),
        image("transactions and missing values by day", pictures.volumes(quality["days"])),
        *_drift(quality["drift"]),
        *checks_of(checks),
    ]
    return page(f"Fraud model of {report['summary']['as_of']}", body)


def _criteria(gate: Mapping[str, Any]) -> list[str]:
    rows = [("met" if one["met"] else "missed", one["name"], one["text"]) for one in gate["criteria"]]
    return [heading("Criteria"), table(("", "criterion", "what was found"), rows, of_text=True)]


def _figures(report: Mapping[str, Any]) -> list[str]:
    rows = [
        (spoken(name), number(one["value"], 4), within(one))
        for name, one in report["intervals"].items()
        if name != _IN_MONEY
    ]
    return [
        table(("on the test window", "figure", "95 % interval"), rows),
        paragraph(
            "Intervals: bootstrap by card, so that they cover what other customers would have changed "
            f"({report['bootstrap']['resamples']:,} resamples)."
        ),
    ]


def _calibration(report: Mapping[str, Any], scores: Scores, target: Target) -> list[str]:
    figures = report["calibration_figures"]
    return [
        heading("What a score means"),
        image(
            "calibration and distribution of the scores",
            pictures.calibration(report["calibration"], scores, target),
        ),
        table(
            ("calibration", "value"), [(spoken(name), number(value, 5)) for name, value in figures.items()]
        ),
    ]


def _money(report: Mapping[str, Any]) -> list[str]:
    rows = [
        (
            one["currency"],
            *(f"{one[name]:,.0f}" for name in ("fraud_amount", "fraud_stopped", "cost_of_genuine", "saved")),
        )
        for one in report["money"]
    ]
    currency, saved = report["money"][0]["currency"], report["intervals"][_IN_MONEY]
    interval = (
        ""
        if saved["low"] is None
        else f" (95 % interval {money(saved['low'], currency)} to {money(saved['high'], currency)})"
    )
    matrix = ", ".join(f"{decision}/{truth} {cost}" for (decision, truth), cost in DEFAULTS.items())
    return [
        heading("Money"),
        paragraph(
            f"At these thresholds the test window costs {money(saved['value'], currency)} less than "
            f"approving everything{interval}."
        ),
        table(("", "fraud", "of it stopped", "cost of genuine ones", "saved"), rows),
        paragraph(f"Cost of a decision, in the transaction's currency, x its amount: {matrix}."),
    ]


def _segments(segments: list[Mapping[str, Any]], compared: bool) -> list[str]:
    head = ["", "transactions", "frauds", "AUC", "average precision", "recall", "stopped"]
    rows = [_segment(one) for one in segments]
    if compared:
        head.append("average precision in production")
        for row, one in zip(rows, segments, strict=True):
            row.append(number(one["production_average_precision"]))
    return [heading("By segment"), table(head, rows)]


def _segment(one: Mapping[str, Any]) -> list[str]:
    return [
        one["segment"],
        f"{one['rows']:,}",
        f"{one['frauds']:,}",
        *(number(one[name]) for name in ("auc", "average_precision", "recall")),
        f"{one['stopped']:.1%}",
    ]


def _reasons(report: Mapping[str, Any]) -> list[str]:
    reasons = report["reasons"]
    strength = [(name, number(value, 4)) for name, value in reasons["mean_absolute"].items()]
    leading = [(name, f"{count:,}") for name, count in reasons["leading_declines"].items()]
    gain = [(name, f"{share:.1%}") for name, share in list(report["importances"].items())[:_FEATURES]]
    return [
        heading("Reasons overall"),
        paragraph(
            f"How far each feature moves a score, in log-odds, mean over {reasons['rows']:,} transactions."
        ),
        table(("feature", "mean contribution"), strength),
        paragraph(f"What leads where it declines, of {reasons['declines']:,} declined transactions."),
        table(("strongest reason", "declines"), leading) if leading else paragraph("Nothing is declined."),
        heading("What it looks at"),
        paragraph("Share of the gain of all splits."),
        table(("feature", "share"), gain),
    ]


def _serving(report: Mapping[str, Any]) -> list[str]:
    serving = report["serving"]
    return [
        heading("How fast it is served"),
        paragraph(
            f"The real server with this model, one request at a time, {serving['requests']:,} transactions "
            f"of the test window: {serving['p50_ms']:.1f} ms at the median, {serving['p95_ms']:.1f} at the "
            f"95th and {serving['p99_ms']:.1f} at the 99th percentile."
        ),
    ]


def _drift(found: Mapping[str, Any]) -> list[str]:
    if not found["days"]:
        return []
    return [image("drift of every feature by day", pictures.drift(found["days"], found["psi"]))]
