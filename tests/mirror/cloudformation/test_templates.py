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
    Metadata: {Since: 2024-01-01, Other: !Transform {Name: Macro}}
  Bucket:
    Type: AWS::S3::Bucket
    Properties:
      BucketName: !Sub "${Key}-x"
      Tags: !If [Yes, [{Key: a, Value: !GetAtt Key.Arn}], !Ref AWS::NoValue]
"""


def test_yaml_short_forms() -> None:
    resources = parse(SHORT_FORMS)["Resources"]
    assert resources["Key"]["Metadata"] == {
        "Since": "2024-01-01",
        "Other": {"Fn::Transform": {"Name": "Macro"}},
    }
    properties = resources["Bucket"]["Properties"]
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


@pytest.mark.parametrize(
    ("declaration", "value", "demand"),
    [
        ({"AllowedPattern": "[a-z]+"}, "ab1", r"match AllowedPattern \[a-z\]\+, got 'ab1'"),
        ({"AllowedPattern": "\\p{L}"}, "a", r"match AllowedPattern \\p\{L\}, which the mirror cannot read"),
        ({"MinLength": 2}, "a", "have at least MinLength 2 characters"),
        ({"MaxLength": "2"}, "abc", "have at most MaxLength 2 characters"),
        ({"Type": "Number"}, "many", "be a number"),
        ({"Type": "Number", "MinValue": 3}, "2", "be at least MinValue 3"),
        ({"Type": "Number", "MaxValue": "3"}, "3.5", "be at most MaxValue 3"),
    ],
)
def test_constraints_of_parameters(declaration: dict[str, Any], value: str, demand: str) -> None:
    document = {"Parameters": {"Name": {"Type": "String", **declaration}}}
    with pytest.raises(ServiceError, match=f"Parameter 'Name' must {demand}"):
        parameters(AWS, document, [{"ParameterKey": "Name", "ParameterValue": value}], {})


def test_parameters_within_their_constraints() -> None:
    declaration = {"Type": "Number", "MinValue": 1, "MaxValue": 3, "MinLength": 1, "AllowedPattern": "[0-9]"}
    found = parameters(
        AWS, {"Parameters": {"N": declaration}}, [{"ParameterKey": "N", "ParameterValue": "3"}], {}
    )
    assert found.resolved == {"N": "3"}


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
