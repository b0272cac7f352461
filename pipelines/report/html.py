"""A page of one file: no links, no scripts, readable on a telephone."""

from __future__ import annotations

import base64
from collections.abc import Iterable, Sequence
from html import escape

Row = Sequence[str]

_PAGE = """<!doctype html>
<html lang="en"><head><meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<link rel="icon" href="data:,"><title>{title}</title>
<style>
body {{ font: 15px/1.5 system-ui, sans-serif; color: #1b2733; }}
body {{ max-width: 70rem; margin: 2rem auto; padding: 0 1rem; }}
h1 {{ font-size: 1.5rem; }} h2 {{ font-size: 1.15rem; margin-top: 2rem; }}
.wide {{ overflow-x: auto; }} img {{ max-width: 100%; height: auto; display: block; margin: 1rem 0; }}
table {{ border-collapse: collapse; }} th, td {{ padding: .35rem .7rem; border-bottom: 1px solid #dde3e8; }}
th, td {{ text-align: right; white-space: nowrap; }} th:first-child, td:first-child {{ text-align: left; }}
code {{ overflow-wrap: anywhere; }}
.verdict {{ font-size: 1.15rem; padding: .6rem .9rem; border-left: .4rem solid; }}
.good {{ border-color: #3f7d3b; background: #f0f6ef; }} .bad {{ border-color: #b3372f; background: #fbf0ef; }}
.text th, .text td {{ text-align: left; white-space: normal; }}
.text td {{ overflow-wrap: anywhere; }}
</style></head><body>
<h1>{title}</h1>
{body}
</body></html>
"""


def page(title: str, body: Iterable[str]) -> str:
    """The page; `title` is text, `body` are pieces of HTML."""
    return _PAGE.format(title=escape(title), body="\n".join(body))


def heading(text: str) -> str:
    """A heading within a page."""
    return f"<h2>{escape(text)}</h2>"


def paragraph(text: str) -> str:
    """A paragraph."""
    return f"<p>{escape(text)}</p>"


def verdict(text: str, *, good: bool) -> str:
    """The first thing that is read."""
    return f'<p class="verdict {"good" if good else "bad"}">{escape(text)}</p>'


def table(head: Row, rows: Iterable[Row], *, of_text: bool = False) -> str:
    """A table; cells are text, numbers to the right unless it is a table of texts."""
    cells = "".join(f"<th>{escape(cell)}</th>" for cell in head)
    lines = "".join("<tr>" + "".join(f"<td>{escape(cell)}</td>" for cell in row) + "</tr>" for row in rows)
    kind = ' class="text"' if of_text else ""
    return f'<div class="wide"><table{kind}><tr>{cells}</tr>{lines}</table></div>'


def image(alternative: str, png: bytes) -> str:
    """A picture, inside the page."""
    data = base64.b64encode(png).decode()
    return f'<img alt="{escape(alternative)}" src="data:image/png;base64,{data}">'
