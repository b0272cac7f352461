"""What moved a score, as bars: towards fraud to the right, away from it to the left."""

from __future__ import annotations

from html import escape

from inference.decision_log.explanation.parts import Contribution, said_of

RAISES, LOWERS = "#c03d3e", "#3a78a9"
_ROW, _LABEL, _HALF, _NUMBER = 22, 250, 170, 70
_MOST = 20


def draw(contributions: list[Contribution], bias: float | None) -> str:
    """The strongest contributions and the sum of the others, as SVG; its text scales with the page."""
    shown = [
        (one.feature, one.contribution, said_of(one.feature, one.value)) for one in contributions[:_MOST]
    ]
    if others := contributions[_MOST:]:
        total = sum(one.contribution for one in others)
        shown.append((f"{len(others)} other features", total, "together"))
    if bias is not None:
        shown.append(("without any feature", bias, "the model's starting point, not drawn to scale"))
    longest = max((abs(one.contribution) for one in contributions), default=1.0)
    width, height = _LABEL + 2 * (_HALF + _NUMBER), _ROW * len(shown) + 8
    middle = _LABEL + _NUMBER + _HALF
    rows = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" role="img" '
        'aria-label="Contributions of the features" font-family="sans-serif" font-size="12">',
        f'<line x1="{middle}" y1="0" x2="{middle}" y2="{height}" stroke="#999"/>',
    ]
    for index, (name, value, text) in enumerate(shown):
        rows += _row(name, value, text, 4 + index * _ROW, middle, min(abs(value) / longest, 1.0))
    return "\n".join([*rows, "</svg>"])


def _row(name: str, value: float, text: str, top: int, middle: int, part: float) -> list[str]:
    length = max(1.0, _HALF * part)
    raises = value > 0
    left = middle if raises else middle - length
    end, anchor = (middle + length + 5, "start") if raises else (left - 5, "end")
    return [
        f'<text x="{_LABEL - 8}" y="{top + 15}" text-anchor="end">{escape(name)}'
        f"<title>{escape(text)}</title></text>",
        f'<rect x="{left:.1f}" y="{top + 3}" width="{length:.1f}" height="{_ROW - 6}" rx="2" '
        f'fill="{RAISES if raises else LOWERS}"><title>{escape(text)}</title></rect>',
        f'<text x="{end:.1f}" y="{top + 15}" text-anchor="{anchor}">{value:+.3f}</text>',
    ]
