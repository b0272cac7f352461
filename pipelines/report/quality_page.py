"""The on-call engineer's page of a night's data; needs no drawing library."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from pipelines.report.html import heading, page, paragraph, table, verdict


def quality_page(as_of: str, quality: Mapping[str, Any]) -> str:
    """What the checks of the data found, with the rows that show it."""
    sound = not quality["critical"]
    said = "The data is sound." if sound else f"The data is not sound: {quality['summary']['reason']}"
    body = [verdict(said, good=sound), *findings_of(quality["findings"])]
    for finding in quality["findings"]:
        if finding["rows"]:
            head = list(finding["rows"][0])
            rows = [[str(row.get(name)) for name in head] for row in finding["rows"]]
            body += [heading(f"{finding['check']}: rows that show it"), table(head, rows)]
    body += checks_of(quality["checks"])
    return page(f"Data of the night of {as_of}", body)


def findings_of(found: Sequence[Mapping[str, Any]]) -> list[str]:
    """What checks found, as a table."""
    if not found:
        return [paragraph("No check found anything.")]
    rows = [(one["severity"], f"{one['layer']}/{one['check']}", one["message"]) for one in found]
    return [heading("What the checks found"), table(("", "check", "what"), rows, of_text=True)]


def checks_of(checks: Sequence[Mapping[str, str]]) -> list[str]:
    """What checks asked, as a table."""
    rows = [(one["layer"], one["name"], one["what"]) for one in checks]
    return [heading("What was asked"), table(("layer", "check", "question"), rows, of_text=True)]
