"""Strictness: what the mirror would ignore is refused, by name."""

from __future__ import annotations

from typing import Any

import pytest

from mirror.api import ServiceError
from mirror.cloudformation.validation import validate
from tests.mirror.cloudformation.resolving import resolver


def problems(resources: dict[str, Any], **sections: Any) -> str:
    with pytest.raises(ServiceError) as raised:
        validate(resolver({"Resources": resources, **sections}))
    assert raised.value.code == "ValidationError"
    return raised.value.message


def test_every_problem_is_named_in_one_message() -> None:
    message = problems(
        {
            "Fleet": {"Type": "AWS::GameLift::Fleet"},
            "Lake": {
                "Type": "AWS::S3::Bucket",
                "Properties": {
                    "WebsiteConfiguration": {"IndexDocument": "index.html"},
                    "VersioningConfiguration": {"Status": "Enabled"},
                },
            },
            "Stream": {
                "Type": "AWS::Kinesis::Stream",
                "Properties": {"DesiredShardLevelMetrics": ["ALL"]},
                "CreationPolicy": {},
            },
        }
    )
    assert "4 part(s)" in message
    assert "Fleet (AWS::GameLift::Fleet): this type is not supported" in message
    assert "Lake (AWS::S3::Bucket): property WebsiteConfiguration is not supported" in message
    assert "Stream (AWS::Kinesis::Stream): property DesiredShardLevelMetrics is not supported" in message
    assert "Stream (AWS::Kinesis::Stream): resource attribute CreationPolicy is not supported" in message


def test_nested_properties_are_checked_within_lists() -> None:
    rules = [{"Id": "ok", "Status": "Enabled"}, {"Id": "x", "Status": "Enabled", "Colour": "red"}]
    bucket = {"Type": "AWS::S3::Bucket", "Properties": {"LifecycleConfiguration": {"Rules": rules}}}
    assert "property LifecycleConfiguration.Rules[1].Colour is not supported" in problems({"B": bucket})


def test_only_the_branch_that_applies_counts() -> None:
    bucket = {
        "Type": "AWS::S3::Bucket",
        "Properties": {
            "VersioningConfiguration": {"Fn::If": ["No", {"Colour": "red"}, {"Status": "Enabled"}]}
        },
    }
    ghost = {"Type": "AWS::GameLift::Fleet", "Condition": "No"}
    conditions = {"No": {"Fn::Equals": ["a", "b"]}}
    validate(resolver({"Resources": {"B": bucket, "Ghost": ghost}, "Conditions": conditions}))


@pytest.mark.parametrize(
    ("value", "named"),
    [
        ({"Ref": "Missing"}, "reference to undefined Missing"),
        ({"Fn::GetAtt": ["Key", "Colour"]}, "Fn::GetAtt Key.Colour is not supported"),
        ({"Fn::Sub": "${Key.Colour}"}, "Fn::GetAtt Key.Colour is not supported"),
        ({"Fn::Transform": {"Name": "x"}}, "function Fn::Transform is not supported"),
    ],
)
def test_values_that_cannot_be_resolved(value: Any, named: str) -> None:
    resources = {
        "Key": {"Type": "AWS::KMS::Key"},
        "Bucket": {"Type": "AWS::S3::Bucket", "Properties": {"BucketName": value}},
    }
    assert named in problems(resources)


def test_a_snapshot_policy_is_refused() -> None:
    table = {"Type": "AWS::DynamoDB::Table", "DeletionPolicy": "Snapshot"}
    assert "DeletionPolicy Snapshot is not supported" in problems({"T": table})
