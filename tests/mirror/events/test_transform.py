"""What a target receives for an event."""

from __future__ import annotations

import json
from types import SimpleNamespace
from typing import Any

import pytest

from mirror.events.transform import target_input

EVENT = {
    "id": "1",
    "source": "aws.sagemaker",
    "resources": ["arn:1", "arn:2"],
    "detail": {"ModelPackageArn": 'arn:"quoted"', "version": 3, "tags": {"a": [1, 2]}},
}
RULE = SimpleNamespace(arn="arn:rule", name="approved")


def transformed(template: str, **paths: str) -> str:
    transformer = {"InputPathsMap": paths, "InputTemplate": template}
    return target_input({"InputTransformer": transformer}, EVENT, RULE)


@pytest.mark.parametrize(
    ("target", "expected"),
    [
        ({}, EVENT),
        ({"Input": '{"fixed": true}'}, {"fixed": True}),
        ({"InputPath": "$.detail.tags"}, {"a": [1, 2]}),
        ({"InputPath": "$.resources[1]"}, "arn:2"),
        ({"InputPath": "$.detail.absent"}, None),
    ],
)
def test_input(target: dict[str, Any], expected: Any) -> None:
    assert json.loads(target_input(target, EVENT, RULE)) == expected


def test_templates() -> None:
    text = transformed(
        '{"arn": <arn>, "v": <v>, "rule": "<aws.events.rule-name>"}',
        arn="$.detail.ModelPackageArn",
        v="$.detail.version",
    )
    assert json.loads(text) == {"arn": 'arn:"quoted"', "v": 3, "rule": "approved"}
    assert (
        transformed('"version <v> of <arn>"', v="$.detail.version", arn="$.source")
        == '"version 3 of aws.sagemaker"'
    )
    assert json.loads(transformed('{"event": <aws.events.event.json>}')) == {"event": EVENT}
