"""Templates as text, their parameters, and the order of their resources."""

from __future__ import annotations

from typing import Any

import pytest

from mirror.api import ServiceError
from mirror.cloudformation.graph import creation_order
from mirror.cloudformation.templates import parameters, parse
from tests.mirror.cloudformation.resolving import resolver

AWS = resolver({}).aws

SHORT_FORMS = """
AWSTemplateFormatVersion: 2010-09-09
Resources:
  Key:
    Type: AWS::KMS::Key
  Bucket:
    Type: AWS::S3::Bucket
    Properties:
      BucketName: !Sub "${Key}-x"
      Tags: !If [Yes, [{Key: a, Value: !GetAtt Key.Arn}], !Ref AWS::NoValue]
"""


def test_yaml_short_forms() -> None:
    properties = parse(SHORT_FORMS)["Resources"]["Bucket"]["Properties"]
    assert properties["BucketName"] == {"Fn::Sub": "${Key}-x"}
    condition = properties["Tags"]["Fn::If"]
    assert condition[1] == [{"Key": "a", "Value": {"Fn::GetAtt": ["Key", "Arn"]}}]


@pytest.mark.parametrize(
    "body", ["{", "just text", "{}", '{"Resources": []}', '{"Resources": {}, "Transform": "x"}']
)
def test_malformed(body: str) -> None:
    with pytest.raises(ServiceError) as raised:
        parse(body)
    assert raised.value.code == "ValidationError"


DECLARED: dict[str, Any] = {
    "Parameters": {
        "Stage": {"Type": "String", "AllowedValues": ["dev", "prod"]},
        "Zones": {"Type": "CommaDelimitedList", "Default": "a, b"},
        "Secret": {"Type": "String", "NoEcho": True, "Default": "hush"},
    }
}


def test_defaults_previous_values_and_lists() -> None:
    supplied = [{"ParameterKey": "Stage", "UsePreviousValue": True}]
    found = parameters(AWS, DECLARED, supplied, {"Stage": "prod"})
    assert found.resolved == {"Stage": "prod", "Zones": ["a", "b"], "Secret": "hush"}
    assert found.hidden == {"Secret"}


@pytest.mark.parametrize(
    ("supplied", "named"),
    [
        ([], "Stage"),
        ([{"ParameterKey": "Stage", "ParameterValue": "test"}], "Stage"),
        ([{"ParameterKey": "Colour", "ParameterValue": "red"}], "Colour"),
    ],
)
def test_wrong_parameters_are_named(supplied: list[dict[str, str]], named: str) -> None:
    with pytest.raises(ServiceError, match=named):
        parameters(AWS, DECLARED, supplied, {})


def test_a_resource_comes_after_what_it_needs() -> None:
    document = {
        "Resources": {
            "C": {"Type": "x", "DependsOn": "B"},
            "B": {"Type": "x", "Properties": {"P": {"Fn::Sub": "arn:${A.Arn}"}}},
            "A": {"Type": "x"},
        }
    }
    assert creation_order(document) == ["A", "B", "C"]


def test_a_circle_is_named() -> None:
    document = {
        "Resources": {
            "A": {"Type": "x", "Properties": {"P": {"Ref": "B"}}},
            "B": {"Type": "x", "DependsOn": ["A"]},
        }
    }
    with pytest.raises(ServiceError, match=r"Circular dependency between resources: \[A, B\]"):
        creation_order(document)
