"""What a target receives: the event, a part of it, a constant, or a template filled from it."""

from __future__ import annotations

import json
import re
from typing import Any

from mirror.api import Document
from mirror.documents import utcnow

_PLACEHOLDER = re.compile(r"<([A-Za-z0-9_.\-]+)>")


def target_input(target: Document, event: Document, rule: Any) -> str:
    """The text delivered to `target` for `event`.

    Args:
        rule: moto's rule, for the predefined template variables.
    """
    if "Input" in target:
        return str(target["Input"])
    if "InputPath" in target:
        return json.dumps(path(event, target["InputPath"]))
    if "InputTransformer" in target:
        return _filled(target["InputTransformer"], event, rule)
    return json.dumps(event)


def path(event: Document, expression: str) -> Any:
    """The value at a JSON path such as ``$.detail.ModelPackageArn``; None when it is absent."""
    value: Any = event
    for step in re.findall(r"[^.\[\]$]+", expression):
        if isinstance(value, dict):
            value = value.get(step)
        elif isinstance(value, list) and step.isdigit() and int(step) < len(value):
            value = value[int(step)]
        else:
            return None
    return value


def _filled(transformer: Document, event: Document, rule: Any) -> str:
    values: Document = {
        name: path(event, expression) for name, expression in transformer.get("InputPathsMap", {}).items()
    }
    values |= {
        "aws.events.rule-arn": rule.arn,
        "aws.events.rule-name": rule.name,
        "aws.events.event.ingestion-time": utcnow().strftime("%Y-%m-%dT%H:%M:%SZ"),
        "aws.events.event": event,
        "aws.events.event.json": event,
    }
    template: str = transformer["InputTemplate"]

    def fill(match: re.Match[str]) -> str:
        value = values.get(match.group(1))
        if not isinstance(value, str):
            return "" if value is None else json.dumps(value)
        # Within quotes the text stands as it is; alone it becomes a JSON string.
        quoted = template[: match.start()].count('"') % 2 == 1
        return json.dumps(value)[1:-1] if quoted else json.dumps(value)

    return _PLACEHOLDER.sub(fill, template)
