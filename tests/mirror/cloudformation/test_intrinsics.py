"""Intrinsic functions and conditions."""

from __future__ import annotations

from typing import Any

import pytest

from mirror.api import ServiceError
from mirror.cloudformation.resource import Outcome
from tests.mirror.cloudformation.resolving import resolver

DOCUMENT = {
    "Mappings": {"Sizes": {"dev": {"count": 1}, "prod": {"count": 8}}},
    "Conditions": {
        "IsProd": {"Fn::Equals": [{"Ref": "Stage"}, "prod"]},
        "IsDev": {"Fn::Not": [{"Condition": "IsProd"}]},
        "Both": {"Fn::And": [{"Condition": "IsProd"}, {"Condition": "IsDev"}]},
        "Either": {"Fn::Or": [{"Condition": "IsProd"}, {"Condition": "IsDev"}]},
    },
}
KEY = Outcome("key-1", {"Arn": "arn:key", "Nested.Name": "deep"})


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ({"Ref": "Stage"}, "dev"),
        ({"Ref": "Key"}, "key-1"),
        ({"Ref": "AWS::Region"}, "us-east-1"),
        ({"Fn::GetAtt": ["Key", "Arn"]}, "arn:key"),
        ({"Fn::GetAtt": "Key.Nested.Name"}, "deep"),
        ({"Fn::Join": ["-", ["a", {"Ref": "Stage"}, 3]]}, "a-dev-3"),
        ({"Fn::Split": ["|", "a|b"]}, ["a", "b"]),
        ({"Fn::Select": ["1", {"Fn::Split": ["|", "a|b"]}]}, "b"),
        ({"Fn::Sub": "${Key}/${Key.Arn}/${AWS::Region}/${!Literal}"}, "key-1/arn:key/us-east-1/${Literal}"),
        ({"Fn::Sub": ["${X}-${Stage}", {"X": {"Ref": "Key"}}]}, "key-1-dev"),
        ({"Fn::FindInMap": ["Sizes", {"Ref": "Stage"}, "count"]}, 1),
        ({"Fn::If": ["IsProd", "yes", {"Ref": "Stage"}]}, "dev"),
        ({"Fn::ImportValue": {"Fn::Sub": "${Stage}-bus"}}, "imported"),
        ({"Fn::Base64": "text"}, "dGV4dA=="),
        ({"Fn::GetAZs": ""}, ["us-east-1a", "us-east-1b", "us-east-1c"]),
        ({"Kept": 1, "Gone": {"Ref": "AWS::NoValue"}}, {"Kept": 1}),
        ([1, {"Fn::If": ["IsProd", 2, {"Ref": "AWS::NoValue"}]}], [1]),
    ],
)
def test_values(value: Any, expected: Any) -> None:
    found = resolver(DOCUMENT, {"Stage": "dev"}, {"Key": KEY}, {"dev-bus": "imported"})
    assert found.resolve(value) == expected


@pytest.mark.parametrize(
    ("name", "expected"), [("IsProd", False), ("IsDev", True), ("Both", False), ("Either", True)]
)
def test_conditions(name: str, expected: bool) -> None:
    assert resolver(DOCUMENT, {"Stage": "dev"}).condition(name) is expected


@pytest.mark.parametrize(
    ("value", "named"),
    [
        ({"Ref": "Missing"}, "Missing"),
        ({"Fn::GetAtt": ["Key", "Colour"]}, "Colour"),
        ({"Fn::ImportValue": "nobody"}, "nobody"),
        ({"Fn::If": ["NoSuchCondition", 1, 2]}, "NoSuchCondition"),
        ("{{resolve:secretsmanager:x}}", "secretsmanager"),
    ],
)
def test_what_cannot_be_resolved_is_named(value: Any, named: str) -> None:
    with pytest.raises(ServiceError, match=named):
        resolver(DOCUMENT, {"Stage": "dev"}, {"Key": KEY}).resolve(value)
