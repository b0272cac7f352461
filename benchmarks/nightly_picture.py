"""Draws how the nightly run grows; for `benchmarks.nightly`."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import matplotlib as mpl
from matplotlib.figure import Figure

_PANELS = (("seconds", "wall seconds"), ("cpu", "CPU seconds"), ("peak", "peak memory, GiB"))


def draw(growth: dict[str, Any], path: Path) -> None:
    """One line for each step over the number of transactions, on logarithmic axes.

    Args:
        growth: by number of transactions, what `benchmarks.nightly` keeps.
    """
    sizes = sorted(growth, key=int)
    steps = list(growth[sizes[0]]["steps"])
    # Equal figures give equal bytes.
    with mpl.rc_context({"svg.hashsalt": "nightly", "font.size": 9}):
        figure = Figure(figsize=(9, 3), layout="constrained")
        for axes, (field, label) in zip(figure.subplots(1, len(_PANELS)), _PANELS, strict=True):
            for step in steps:
                values = [growth[size]["steps"][step][field] for size in sizes]
                axes.plot([int(size) / 1e6 for size in sizes], values, marker="o", markersize=3, label=step)
            axes.set(xscale="log", yscale="log", xlabel="million transactions", ylabel=label)
            axes.grid(visible=True, which="both", alpha=0.2)
        figure.axes[0].legend(frameon=False)
        figure.savefig(path, metadata={"Date": None})
