"""A comparison as one picture: a bar per feature, coloured by what its cells are."""

from __future__ import annotations

from collections.abc import Iterable
from html import escape

from processing.parity.report import COUNTS, FeatureParity, Parity

_COLOURS = {
    "match": "#3a923a",
    "mismatch": "#c03d3e",
    "missing": "#e1812c",
    "extra": "#9372b2",
    "late": "#e6c229",
}
_ROW, _LABEL, _BAR, _COUNT = 16, 320, 480, 200
_LEAST = 3.0  # pixels: a single cell of a million is seen


def draw(parity: Parity) -> str:
    """The comparison as SVG."""
    title = f"{parity.left} | {parity.right}: {'equal in every bit' if parity.equal else 'NOT equal'}"
    return bars(title, ((feature.name, _cells(feature)) for feature in parity.features))


def bars(title: str, rows: Iterable[tuple[str, dict[str, int]]]) -> str:
    """A titled bar chart; each row has a name and counts by the names of the colours."""
    listed = list(rows)
    height = _ROW * (len(listed) + 3)
    width = _LABEL + _BAR + _COUNT
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{height}" '
        'font-family="sans-serif" font-size="11">',
        f'<rect width="{width}" height="{height}" fill="white"/>',
        f'<text x="8" y="{_ROW}" font-size="13">{escape(title)}</text>',
    ]
    for index, (name, cells) in enumerate(listed):
        parts += _bar(name, cells, _ROW * (index + 2))
    return "\n".join([*parts, "</svg>"]) + "\n"


def _cells(feature: FeatureParity) -> dict[str, int]:
    return {name: getattr(feature, name) for name in COUNTS}


def _bar(name: str, cells: dict[str, int], top: int) -> list[str]:
    total = max(1, sum(cells.values()))
    parts = [f'<text x="{_LABEL - 8}" y="{top + 11}" text-anchor="end">{escape(name)}</text>']
    seen = {kind: count for kind, count in cells.items() if count}
    small = {kind: max(_LEAST, _BAR * count / total) for kind, count in seen.items() if kind != "match"}
    widths = {"match": max(0.0, _BAR - sum(small.values())) if "match" in seen else 0.0, **small}
    left = float(_LABEL)
    for kind, width in widths.items():
        if width:
            parts.append(
                f'<rect class="{kind}" x="{left:.1f}" y="{top + 2}" width="{width:.1f}" '
                f'height="{_ROW - 4}" fill="{_COLOURS[kind]}"/>'
            )
            left += width
    others = ", ".join(f"{count:,} {kind}" for kind, count in seen.items() if kind != "match")
    if others:
        parts.append(f'<text x="{_LABEL + _BAR + 8}" y="{top + 11}">{escape(others)}</text>')
    return parts
