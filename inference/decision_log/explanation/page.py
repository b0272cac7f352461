"""A past decision as one page of HTML that needs nothing else."""

from __future__ import annotations

from collections.abc import Iterable
from html import escape

from inference.decision_log.explanation import parts
from inference.decision_log.explanation.picture import LOWERS, RAISES, draw
from inference.decision_log.past import PastDecision

_STYLE = f"""
body {{ font: 15px/1.45 system-ui, sans-serif; max-width: 60rem; margin: 2rem auto; padding: 0 1rem;
color: #222 }}
h1 {{ font-size: 1.35rem; margin-bottom: 0 }} h2 {{ font-size: 1.05rem; margin: 1.6rem 0 .4rem }}
table {{ border-collapse: collapse; width: 100% }} td, th {{ text-align: left; padding: .2rem .8rem .2rem 0;
vertical-align: top; border-bottom: 1px solid #eee }} th {{ font-weight: 600; white-space: nowrap }}
td.n {{ text-align: right; font-variant-numeric: tabular-nums; white-space: nowrap }}
.approve {{ color: #2c7a2c }} .review {{ color: #a86400 }} .decline {{ color: {RAISES} }}
.raises {{ color: {RAISES} }} .lowers {{ color: {LOWERS} }} svg {{ width: 100%; height: auto }}
"""


def page(past: PastDecision) -> str:
    """The page."""
    title = f"Decision {past.decision_id or past.transaction_id}"
    body = [
        f'<h1 class="{escape(past.decision)}">{escape(parts.outcome(past))}</h1>',
        _section("Reasons", _reasons(past)),
        _section("Contributions, in log-odds", _contributions(past)),
        _section("The decision", _table(parts.facts(past))),
        _section("Signals of third parties", _table(parts.signals(past))),
        _section("Features", _features(past)),
    ]
    return (
        '<!doctype html>\n<html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>{escape(title)}</title><style>{_STYLE}</style></head><body>\n"
        + "\n".join(filter(None, body))
        + "\n</body></html>\n"
    )


def _section(title: str, content: str) -> str:
    return f"<h2>{escape(title)}</h2>\n{content}" if content else ""


def _reasons(past: PastDecision) -> str:
    items = []
    for reason in past.reasons:
        moved = parts.direction(reason)
        of = f' <span class="{escape(reason.direction or "")}">{escape(moved)}</span>' if moved else ""
        items.append(f"<li>{escape(reason.text)}{of}</li>")
    return f"<ol>{''.join(items)}</ol>" if items else ""


def _contributions(past: PastDecision) -> str:
    strongest = parts.strongest(past)
    return draw(strongest, past.bias) if strongest else ""


def _table(rows: Iterable[tuple[str, str]]) -> str:
    cells = [f"<tr><th>{escape(name)}</th><td>{escape(value)}</td></tr>" for name, value in rows]
    return f"<table>{''.join(cells)}</table>" if cells else ""


def _features(past: PastDecision) -> str:
    if past.features is None:
        return ""
    moved = past.contributions or {}
    rows = []
    for name, value in past.features.items():
        number = "missing" if value is None else f"{value:,.6g}"
        added = f"{moved[name]:+.4f}" if name in moved else ""
        rows.append(
            f'<tr><td>{escape(name)}</td><td class="n">{number}</td><td class="n">{added}</td>'
            f"<td>{escape(parts.said_of(name, value))}</td></tr>"
        )
    head = "<tr><th>feature</th><th>value</th><th>added</th><th>in words</th></tr>"
    return f"<table>{head}{''.join(rows)}</table>"
