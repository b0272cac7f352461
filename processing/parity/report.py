"""What a comparison found, for programs, for people, and as one picture."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Difference:
    """One cell that differs.

    Attributes:
        position: of the event in its table, counted from 0: in the right one if the left lacks it.
        left, right: the two values; None on the side that has no such cell.
    """

    position: int
    transaction_id: str
    left: float | None
    right: float | None

    def as_dict(self) -> dict[str, Any]:
        """As JSON can carry it: NaN as the text ``NaN``."""
        return {**asdict(self), "left": _json(self.left), "right": _json(self.right)}

    def __str__(self) -> str:
        return f"{self.transaction_id} (event {self.position:,}): {_text(self.left)} | {_text(self.right)}"


@dataclass(frozen=True, slots=True)
class FeatureParity:
    """The cells of one feature: `match` + `mismatch` + `missing` are the left's, all but `missing` and
    plus `extra` are the right's.

    Attributes:
        match: the same 64 bits, or missing values on both sides.
        mismatch: on both sides, and different.
        missing: on the left only.
        extra: on the right only.
        first: the differing cell of the earliest event; None when there is none.
    """

    name: str
    match: int = 0
    mismatch: int = 0
    missing: int = 0
    extra: int = 0
    first: Difference | None = None

    @property
    def equal(self) -> bool:
        return not (self.mismatch or self.missing or self.extra)

    def as_dict(self) -> dict[str, Any]:
        """As JSON can carry it."""
        counts = {name: getattr(self, name) for name in COUNTS}
        return {"name": self.name, **counts, "first": None if self.first is None else self.first.as_dict()}


@dataclass(frozen=True, slots=True)
class Parity:
    """Two feature tables compared.

    Attributes:
        left, right: what the tables are called.
        rows_left, rows_right: their events.
        features: in model order.
    """

    left: str
    right: str
    rows_left: int
    rows_right: int
    features: tuple[FeatureParity, ...]

    @property
    def equal(self) -> bool:
        """Whether both have the same events and features, with the same bits."""
        return self.rows_left == self.rows_right and all(feature.equal for feature in self.features)

    def total(self, count: str) -> int:
        """The sum of one of `COUNTS` over all features."""
        return sum(getattr(feature, count) for feature in self.features)

    def as_dict(self) -> dict[str, Any]:
        """The report as one JSON document."""
        return {
            "equal": self.equal,
            "left": self.left,
            "right": self.right,
            "rows_left": self.rows_left,
            "rows_right": self.rows_right,
            **{name: self.total(name) for name in COUNTS},
            "features": [feature.as_dict() for feature in self.features],
        }

    def lines(self) -> list[str]:
        """A readable table: a summary, and every feature that differs with its first difference."""
        cells = sum(self.total(name) for name in COUNTS)
        verdict = "equal in every bit" if self.equal else "NOT equal"
        lines = [
            f"{self.left} (left) and {self.right} (right): {verdict}",
            f"{self.rows_left:,} and {self.rows_right:,} events, {len(self.features)} features, "
            f"{cells:,} cells: " + ", ".join(f"{self.total(name):,} {name}" for name in COUNTS),
        ]
        return lines + table(self.features)


COUNTS = ("match", "mismatch", "missing", "extra")


def table(features: Iterable[FeatureParity]) -> list[str]:
    """The features that differ, one a line; nothing when none does."""
    differing = [feature for feature in features if not feature.equal]
    if not differing:
        return []
    width = max(len(feature.name) for feature in differing)
    head = (
        f"{'feature':<{width}} "
        + " ".join(f"{name:>12}" for name in COUNTS)
        + "  first difference: left | right"
    )
    rows = [
        f"{feature.name:<{width}} "
        + " ".join(f"{getattr(feature, name):>12,}" for name in COUNTS)
        + (f"  {feature.first}" if feature.first else "")
        for feature in differing
    ]
    return [head, *rows]


def _json(value: float | None) -> float | str | None:
    return value if value is None or math.isfinite(value) else str(value).replace("nan", "NaN")


def _text(value: float | None) -> str:
    return "-" if value is None else "missing" if math.isnan(value) else repr(value)
