"""Cost against fraud caught, as SVG: one point per choice, and the line of routing by amount alone."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

from inference.policy.comparison.choices import Choice
from inference.policy.comparison.report import Comparison

_WIDTH, _HEIGHT = 860, 480
_LEFT, _RIGHT, _TOP, _BOTTOM = 70, 230, 50, 60
_INK, _LINE, _POINT, _GUIDE = "#1b2733", "#b8c2cc", "#0b6e99", "#eef1f4"
_APART = 14  # pixels between two names


class _Axes:
    """From dollars and shares to pixels."""

    def __init__(self, most_usd: float) -> None:
        self._most = most_usd or 1.0

    def x(self, usd: float) -> float:
        return _LEFT + usd / self._most * (_WIDTH - _LEFT - _RIGHT)

    def y(self, share: float) -> float:
        return _HEIGHT - _BOTTOM - share * (_HEIGHT - _TOP - _BOTTOM)


def draw(comparison: Comparison) -> str:
    """The comparison as SVG."""
    every = [*comparison.choices, *comparison.by_amount]
    most = max(choice.usd_per_million for choice in every)
    axes = _Axes(most)
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{_WIDTH}" height="{_HEIGHT}" '
        'font-family="sans-serif" font-size="11">',
        f'<rect width="{_WIDTH}" height="{_HEIGHT}" fill="white"/>',
        f'<text x="{_LEFT}" y="24" font-size="14" fill="{_INK}">Cost against fraud caught in time, policy '
        f"{escape(comparison.policy_version)}</text>",
        *_grid(axes, most),
        *_curve(axes, comparison.by_amount),
        *_points(axes, comparison.choices),
    ]
    return "\n".join([*parts, "</svg>"]) + "\n"


def _grid(axes: _Axes, most: float) -> list[str]:
    parts = []
    for step in range(6):
        share, usd = step / 5, most * step / 5
        y, x = axes.y(share), axes.x(usd)
        parts += [
            f'<path d="M{_LEFT} {y:.1f}H{_WIDTH - _RIGHT}" stroke="{_GUIDE}"/>',
            f'<text x="{_LEFT - 8}" y="{y + 4:.1f}" text-anchor="end" fill="{_INK}">{share:.0%}</text>',
            f'<text x="{x:.1f}" y="{_HEIGHT - _BOTTOM + 18}" text-anchor="middle" fill="{_INK}">'
            f"{usd:.2f}</text>",
        ]
    middle = (_LEFT + _WIDTH - _RIGHT) / 2
    label = "US dollars per million transactions; up: frauds caught in time"
    parts.append(f'<text x="{middle}" y="{_HEIGHT - 18}" text-anchor="middle" fill="{_INK}">{label}</text>')
    return parts


def _curve(axes: _Axes, by_amount: Sequence[Choice]) -> list[str]:
    places = " ".join(f"{axes.x(c.usd_per_million):.1f},{axes.y(c.caught_in_time):.1f}" for c in by_amount)
    parts = [
        f'<polyline points="{places}" fill="none" stroke="{_LINE}" stroke-width="2"/>',
        f'<text x="{_LEFT}" y="40" fill="{_INK}">points: choices; line: routing by amount alone</text>',
    ]
    parts += [
        f'<circle cx="{axes.x(c.usd_per_million):.1f}" cy="{axes.y(c.caught_in_time):.1f}" r="3" '
        f'fill="{_LINE}"><title>{escape(c.name)}</title></circle>'
        for c in by_amount
    ]
    return parts


def _points(axes: _Axes, choices: Sequence[Choice]) -> list[str]:
    """Points, and their names beside the picture."""
    parts = []
    edge = _WIDTH - _RIGHT + 16
    best_first = sorted(choices, key=lambda choice: -choice.caught_in_time)
    heights = _spread([axes.y(choice.caught_in_time) for choice in best_first])
    for choice, height in zip(best_first, heights, strict=True):
        x, y = axes.x(choice.usd_per_million), axes.y(choice.caught_in_time)
        own = choice.name == "this policy"
        weight, size = ("bold", 6) if own else ("normal", 4)
        text = f"{choice.name}: {choice.caught_in_time:.1%}"
        parts += [
            f'<path d="M{x:.1f} {y:.1f}L{edge - 4} {height:.1f}" stroke="{_GUIDE}" fill="none"/>',
            f'<circle cx="{x:.1f}" cy="{y:.1f}" r="{size}" fill="{_POINT}"/>',
            f'<text x="{edge}" y="{height + 4:.1f}" font-weight="{weight}" fill="{_INK}">'
            f"{escape(text)}</text>",
        ]
    return parts


def _spread(heights: Sequence[float]) -> list[float]:
    """Heights from above to below, moved as little as it takes to keep names apart and in the picture."""
    placed: list[float] = []
    for height in heights:
        placed.append(max(height, placed[-1] + _APART) if placed else height)
    lowest = _HEIGHT - _BOTTOM + 4.0
    for at in reversed(range(len(placed))):
        placed[at] = lowest = min(placed[at], lowest)
        lowest -= _APART
    return placed
