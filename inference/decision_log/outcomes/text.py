"""The report as a table for a terminal."""

from __future__ import annotations

from collections.abc import Iterator

from rich import box
from rich.table import Table

from inference.decision_log.outcomes.figures import Figures
from inference.decision_log.outcomes.report import Outcomes


def groups(outcomes: Outcomes) -> Iterator[tuple[str, str, Figures]]:
    """Every group by its kind and name, as it is shown."""
    yield "", "all", outcomes.overall
    for kind, named in (
        ("decision", outcomes.by_decision),
        ("model", outcomes.by_model_version),
        ("rule", outcomes.by_rule.live),
        ("shadow rule", outcomes.by_rule.shadow),
    ):
        for name, figures in named.items():
            yield kind, name, figures


def table(outcomes: Outcomes) -> Table:
    """All groups with their figures; money by currency, of shadow rules what they would save."""
    shown = Table(
        "",
        "made",
        "alarms",
        "frauds",
        "precision",
        "recall",
        "saved",
        box=box.SIMPLE_HEAD,
        padding=(0, 1, 0, 0),
    )
    for column in shown.columns[1:]:
        column.justify, column.no_wrap = "right", True
    last = ""
    for kind, name, one in groups(outcomes):
        if kind != last:
            shown.add_section()
        last = kind
        shown.add_row(
            f"{kind} {name}".strip(),
            f"{one.decisions:,}",
            f"{one.picked:,}",
            f"{one.true_alarms:,}",
            _share(one.precision),
            _share(one.recall),
            "\n".join(
                f"{money.saved if money.would_save is None else money.would_save:,.0f} {currency}"
                for currency, money in one.money.items()
            ),
        )
    return shown


def _share(value: float | None) -> str:
    return "-" if value is None else f"{100 * value:.1f} %"
