"""What was found, as ``quality.json`` and as the reason that ends a night."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from pipelines.quality import checks_of
from pipelines.quality.check import Finding, Layer

FILE = "quality.json"
_LONGEST_REASON = 700  # a failure reason of SageMaker has 1,024 characters


def document(found: Iterable[Finding], layers: Iterable[Layer]) -> dict[str, Any]:
    """The findings and the checks that looked. ``summary`` has texts, for conditions and messages."""
    findings = list(found)
    critical = [finding for finding in findings if finding.severity == "critical"]
    return {
        "checks": [
            {"name": check.name, "layer": layer, "what": check.what}
            for layer in layers
            for check in checks_of(layer)
        ],
        "findings": [finding._asdict() for finding in findings],
        "critical": len(critical),
        "warnings": len(findings) - len(critical),
        "summary": {"reason": reason(critical)},
    }


def reason(critical: list[Finding]) -> str:
    """The first critical findings by check, in one line."""
    if not critical:
        return "nothing critical"
    names = dict.fromkeys(finding.check for finding in critical)
    text = f"{', '.join(names)}: {critical[0].message}"
    if len(critical) > 1:
        text += f" (and {len(critical) - 1} more in {FILE})"
    return text if len(text) <= _LONGEST_REASON else text[: _LONGEST_REASON - 3] + "..."
