"""The report as one picture: what each group saved, or cost, with its precision and recall."""

from __future__ import annotations

from html import escape

from inference.decision_log.outcomes.report import Outcomes
from inference.decision_log.outcomes.text import groups

_ROW, _LABEL, _HALF, _NUMBERS = 22, 270, 160, 230
_SAVED, _LOST, _WOULD = "#3a923a", "#c03d3e", "#8fb98f"

Bar = tuple[str, float, str, str]
"""Label, money, colour, and the text behind it."""


def draw(outcomes: Outcomes) -> str:
    """The picture as SVG."""
    bars = _bars(outcomes)
    longest = max((abs(value) for _, value, _, _ in bars), default=0.0) or 1.0
    middle = _LABEL + _HALF
    width, height = middle + _HALF + _NUMBERS, _ROW * (len(bars) + 2)
    title = (
        f"Money saved, {outcomes.since:%Y-%m-%d} to {outcomes.until:%Y-%m-%d}, against approving everything"
    )
    rows = [
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{height}" '
        'font-family="sans-serif" font-size="12">',
        f'<rect width="{width}" height="{height}" fill="white"/>',
        f'<text x="8" y="18" font-size="14">{escape(title)}</text>',
    ]
    for index, (label, value, colour, text) in enumerate(bars):
        top = _ROW * (index + 1) + 8
        length = max(1.0, _HALF * abs(value) / longest)
        left = middle if value >= 0 else middle - length
        rows += [
            f'<text x="{_LABEL - 8}" y="{top + 15}" text-anchor="end">{escape(label)}</text>',
            f'<rect class="bar" x="{left:.1f}" y="{top + 3}" width="{length:.1f}" height="{_ROW - 6}" '
            f'fill="{colour}"/>',
            f'<text x="{middle + _HALF + 8}" y="{top + 15}">{escape(text)}</text>',
        ]
    return "\n".join([*rows, "</svg>"]) + "\n"


def _bars(outcomes: Outcomes) -> list[Bar]:
    found: list[Bar] = []
    for kind, name, one in groups(outcomes):
        for currency, money in one.money.items():
            shadow = money.would_save is not None
            value = money.saved if money.would_save is None else money.would_save
            colour = _LOST if value < 0 else _WOULD if shadow else _SAVED
            of = "" if one.precision is None else f"   precision {100 * one.precision:.0f} %"
            of += "" if one.recall is None else f", recall {100 * one.recall:.0f} %"
            found.append((f"{kind} {name}".strip(), value, colour, f"{value:,.0f} {currency}{of}"))
    return found
