"""How every picture of the pipeline looks."""

from __future__ import annotations

import io
from typing import Any

from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

INK, GUIDE = "#1b2733", "#8795a1"
COLOURS = ("#0b6e99", "#c2571a", "#3f7d3b", "#7a4b94")


def figure(columns: int, *, width: float = 11.0, height: float = 4.4) -> tuple[Figure, Any]:
    """A figure and its axes side by side (one: the axes themselves)."""
    made = Figure(figsize=(width, height), dpi=110, layout="constrained")
    FigureCanvasAgg(made)
    return made, made.subplots(1, columns)


def label(axes: Any, title: str, across: str, up: str) -> None:
    """Title and axes' names; a light grid behind."""
    axes.set_title(title, color=INK, loc="left")
    axes.set_xlabel(across, color=INK)
    axes.set_ylabel(up, color=INK)
    axes.grid(color="#eef1f4")
    axes.set_axisbelow(True)
    axes.spines[["top", "right"]].set_visible(False)


def png(made: Figure) -> bytes:
    """The file; the same picture gives the same bytes."""
    content = io.BytesIO()
    made.savefig(content, metadata={"Software": None})
    return content.getvalue()
