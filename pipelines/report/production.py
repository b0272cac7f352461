"""The part of the reviewer's page about the model in production."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pipelines.report import model_pictures as pictures
from pipelines.report.html import heading, image, paragraph, table
from pipelines.report.words import money, number, signed, spoken

_IN_MONEY = "saved"


def against_production(report: Mapping[str, Any]) -> list[str]:
    """Both models on the same rows: figures, where they disagree, frauds that only one finds."""
    comparison = report["comparison"]
    if "differences" not in comparison:
        return [heading("Against production"), paragraph(f"Not compared: {comparison['text']}.")]
    version = comparison["champion"]["version"]
    currency = report["money"][0]["currency"]
    rates = {name: one for name, one in comparison["differences"].items() if name != _IN_MONEY}
    caught = comparison["caught_at_1pct"]
    return [
        heading(f"Against version {version}, in production"),
        paragraph(f"On the same transactions: {comparison['text']}."),
        table(
            ("", "this model", f"version {version}", "difference", "95 % interval", "p"),
            [
                *(_rate(name, one) for name, one in rates.items()),
                _amount(comparison["differences"][_IN_MONEY], currency),
            ],
        ),
        image("difference from production with intervals", pictures.differences(rates)),
        paragraph(
            "Intervals and p-values are of the paired bootstrap by card: the same cards, drawn anew "
            f"{report['bootstrap']['resamples']:,} times, for both models."
        ),
        heading("Where they disagree"),
        *_disagreement(comparison),
        paragraph(
            f"Where each disturbs 1 % of genuine transactions, both find {caught['both']} frauds, this model "
            f"alone {caught['challenger_only']}, version {version} alone {caught['champion_only']}, and "
            f"neither {caught['neither']}."
        ),
    ]


def what_changed(changes: Mapping[str, Any] | None) -> list[str]:
    """Facts of both bundles, those that differ first, and the importances that moved."""
    if changes is None:
        return []
    facts = [one for one in changes["facts"] if not one["same"]]
    same = [one["what"] for one in changes["facts"] if one["same"]]
    moved = [
        (one["feature"], f"{one['before']:.1%}", f"{one['now']:.1%}", f"{one['now'] - one['before']:+.1%}")
        for one in changes["importances"]
    ]
    return [
        heading("What changed since the model in production"),
        table(
            ("", "in production", "this model"),
            [(one["what"], one["before"], one["now"]) for one in facts],
            of_text=True,
        ),
        *([paragraph(f"The same: {', '.join(same)}.")] if same else []),
        table(("share of the gain", "in production", "this model", "moved"), moved),
    ]


def _disagreement(comparison: Mapping[str, Any]) -> list[str]:
    if not comparison["disagreement"]:
        return [paragraph("They decide every transaction alike.")]
    rows = [
        (
            f"{one['challenger']} instead of {one['champion']}",
            f"{one['transactions']:,}",
            f"{one['frauds']:,}",
            f"{one['fraud_amount']:,.0f}",
        )
        for one in comparison["disagreement"]
    ]
    return [table(("this model would", "transactions", "of them frauds", "amount of the frauds"), rows)]


def _rate(name: str, one: Mapping[str, Any]) -> list[str]:
    interval = "-" if one["low"] is None else f"{one['low']:+.4f} to {one['high']:+.4f}"
    return [
        spoken(name),
        number(one["challenger"], 4),
        number(one["champion"], 4),
        signed(one["difference"]),
        interval,
        number(one["p_value"]),
    ]


def _amount(one: Mapping[str, Any], currency: str) -> list[str]:
    interval = "-" if one["low"] is None else f"{one['low']:+,.0f} to {one['high']:+,.0f}"
    return [
        "saved against approving everything",
        money(one["challenger"], currency),
        money(one["champion"], currency),
        f"{one['difference']:+,.0f}",
        interval,
        number(one["p_value"]),
    ]
