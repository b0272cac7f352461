"""How figures are written on the reviewer's page."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


def spoken(name: str) -> str:
    """A figure's name for people."""
    return name.replace("_", " ").replace("fpr 0.1pct", "0.1 % false positives").replace(
        "fpr 0.5pct", "0.5 % false positives"
    ).replace("fpr 1pct", "1 % false positives").replace("auc", "AUC")  # fmt: skip


def number(value: float | None, digits: int = 3) -> str:
    """A figure; a dash where there is none."""
    return "-" if value is None else f"{value:.{digits}f}"


def signed(value: float | None, digits: int = 4) -> str:
    """A difference; a dash where there is none."""
    return "-" if value is None else f"{value:+.{digits}f}"


def money(value: float | None, currency: str) -> str:
    """An amount in whole units."""
    return "-" if value is None else f"{value:,.0f} {currency}"


def within(one: Mapping[str, Any], digits: int = 4) -> str:
    """A 95 % interval; a dash where there is none."""
    return "-" if one["low"] is None else f"{one['low']:.{digits}f} to {one['high']:.{digits}f}"
