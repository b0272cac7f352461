"""A backtest as a document for machines, a table for terminals, and one page without links."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np

from pipelines.backtest import pictures
from pipelines.backtest.published import Published
from pipelines.backtest.run import Result
from pipelines.report import html
from pipelines.steps.booster import TreeSettings

METRICS = {
    "auc": "AUC",
    "average_precision": "average precision",
    "card_precision_100": "card precision@100",
    "recall_at_fpr_0.1pct": "recall at 0.1 % FPR",
    "recall_at_fpr_0.5pct": "recall at 0.5 % FPR",
    "recall_at_fpr_1pct": "recall at 1 % FPR",
    "brier_score": "Brier score",
}
_MAIN = ("auc", "average_precision", "card_precision_100")
Row = tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Backtest:
    """A finished backtest.

    Attributes:
        source: the file's name.
        transactions, frauds: of the whole file.
        features_seconds: to read it and compute every feature of every transaction.
        published: results of others on the same folds; empty where there are none.
    """

    source: str
    protocol: str
    transactions: int
    frauds: int
    features_seconds: float
    settings: TreeSettings
    results: Sequence[Result]
    published: Sequence[Published]

    def mean(self, metric: str) -> float:
        """Over the folds."""
        return float(np.mean([result.metrics[metric] for result in self.results]))

    def spread(self, metric: str) -> float:
        """Standard deviation over the folds (of a sample); 0 for one fold."""
        values = [result.metrics[metric] for result in self.results]
        return float(np.std(values, ddof=1)) if len(values) > 1 else 0.0

    def as_dict(self) -> dict[str, Any]:
        """The backtest as a JSON document."""
        return {
            "source": self.source,
            "protocol": self.protocol,
            "transactions": self.transactions,
            "frauds": self.frauds,
            "features_seconds": round(self.features_seconds, 1),
            "settings": asdict(self.settings),
            "mean": {name: round(self.mean(name), 6) for name in METRICS},
            "standard_deviation": {name: round(self.spread(name), 6) for name in METRICS},
            "folds": [result.as_dict() for result in self.results],
            "published": [row._asdict() for row in self.published],
        }

    def table(self) -> tuple[Row, list[Row]]:
        """Head and rows: each fold, their mean, and what was published."""
        head = ("", "trained on", *(METRICS[name] for name in _MAIN))
        rows: list[Row] = []
        for result in self.results:
            fold = result.fold
            rows.append(
                (
                    f"{fold.test_start:%Y-%m-%d} to {fold.test_end:%Y-%m-%d}",
                    f"{fold.train_days} days, {result.train_rows:,} transactions",
                    *(f"{result.metrics[name]:.3f}" for name in _MAIN),
                )
            )
        rows.append(
            (
                "mean ± standard deviation",
                "",
                *(f"{self.mean(name):.3f} ± {self.spread(name):.3f}" for name in _MAIN),
            )
        )
        rows += [
            (f"published: {row.name}", "7 days", f"{row.auc:.3f}", f"{row.average_precision:.3f}",
             f"{row.card_precision:.3f}")
            for row in self.published
        ]  # fmt: skip
        return head, rows

    def write(self, folder: Path) -> Path:
        """Write ``backtest.json``, ``backtest.html`` and its pictures; the page."""
        folder.mkdir(parents=True, exist_ok=True)
        drawn = {
            "folds.png": pictures.folds(self.results, self.published),
            "curves.png": pictures.curves(self.results),
        }
        for name, content in drawn.items():
            (folder / name).write_bytes(content)
        (folder / "backtest.json").write_text(json.dumps(self.as_dict(), indent=2) + "\n", encoding="utf-8")
        page = folder / "backtest.html"
        page.write_text(self._page(drawn), encoding="utf-8")
        return page

    def _page(self, drawn: dict[str, bytes]) -> str:
        head, rows = self.table()
        every = [("", *(METRICS.values()))]
        every += [
            (f"{result.fold.test_start:%Y-%m-%d}", *(f"{result.metrics[name]:.4f}" for name in METRICS))
            for result in self.results
        ]
        every.append(("mean", *(f"{self.mean(name):.4f}" for name in METRICS)))
        summary = (
            f"{self.transactions:,} transactions, {self.frauds:,} frauds; protocol {self.protocol}; "
            f"{len(self.results)} folds. Average precision {self.mean('average_precision'):.3f}, "
            f"AUC {self.mean('auc'):.3f}, card precision@100 {self.mean('card_precision_100'):.3f}."
        )
        body = [
            html.paragraph(summary),
            html.heading("Folds"),
            html.table(head, rows),
            *(html.image(name.removesuffix(".png"), content) for name, content in drawn.items()),
            html.heading("Every figure"),
            html.table(every[0], every[1:]),
            html.heading("How the trees were grown"),
            html.paragraph(json.dumps(asdict(self.settings))),
        ]
        return html.page(f"Backtest of {self.source}", body)
