"""Stacks from creation to deletion: updates, replacement, rollback, policies, exports."""

from __future__ import annotations

from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.mirror.cloudformation.deploying import Stack, body
from tests.mirror.running import RunningMirror

pytestmark = pytest.mark.slow


def queue(**properties: Any) -> dict[str, Any]:
    return {"Type": "AWS::SQS::Queue", "Properties": properties}


def parameter(value: Any, **declaration: Any) -> dict[str, Any]:
    return {"Type": "AWS::SSM::Parameter", "Properties": {"Type": "String", "Value": value}, **declaration}


# A name that SQS does not allow: it passes validation, and fails when it is created.
BROKEN = queue(QueueName="not a queue name!")


def test_create_update_delete(mirror: RunningMirror) -> None:
    stack = Stack(mirror, "lifecycle")
    outputs = {"Url": {"Value": {"Ref": "Q"}}, "Arn": {"Value": {"Fn::GetAtt": ["Q", "Arn"]}}}
    assert stack.create({"Q": queue(VisibilityTimeout=11)}, Outputs=outputs) == "CREATE_COMPLETE"
    url = stack.outputs()["Url"]
    assert stack.outputs()["Arn"].startswith("arn:aws:sqs:us-east-1:123456789012:lifecycle-Q-")

    assert stack.update({"Q": queue(VisibilityTimeout=22), "P": parameter("x")}) == "UPDATE_COMPLETE"
    attributes = mirror.client("sqs").get_queue_attributes(QueueUrl=url, AttributeNames=["All"])["Attributes"]
    assert attributes["VisibilityTimeout"] == "22"
    assert stack.physical_id("Q") == url

    assert stack.update({"P": parameter("x")}) == "UPDATE_COMPLETE"
    with pytest.raises(ClientError, match="NonExistentQueue"):
        mirror.client("sqs").get_queue_attributes(QueueUrl=url)

    assert stack.delete() == "DELETE_COMPLETE"
    with pytest.raises(ClientError, match="does not exist"):
        stack.describe()


@pytest.mark.parametrize(
    ("params", "named"),
    [
        ({"StackName": "1st stack"}, "Value '1st stack' at 'StackName'"),
        ({"StackName": "fine", "OnFailure": "PANIC"}, "Value 'PANIC' at 'OnFailure'"),
    ],
)
def test_a_request_off_the_model_names_its_field(
    mirror: RunningMirror, params: dict[str, str], named: str
) -> None:
    with pytest.raises(ClientError, match=named) as refused:
        mirror.client("cloudformation").create_stack(TemplateBody=body({"Q": queue()}), **params)
    assert refused.value.response["Error"]["Code"] == "ValidationError"


def test_a_failed_create_is_rolled_back(mirror: RunningMirror) -> None:
    stack = Stack(mirror, "failing")
    resources = {"P": parameter("x"), "Q": {**BROKEN, "DependsOn": "P"}}
    assert stack.create(resources) == "ROLLBACK_COMPLETE"
    assert "alphanumeric" in stack.reasons()
    assert mirror.client("ssm").describe_parameters()["Parameters"] == []
    with pytest.raises(ClientError, match="ROLLBACK_COMPLETE state"):
        stack.update({"P": parameter("x")})
    assert stack.delete() == "DELETE_COMPLETE"


def test_a_failed_update_restores_what_was(mirror: RunningMirror) -> None:
    stack = Stack(mirror, "restored")
    stack.create({"P": parameter("before"), "Old": queue()})
    old = stack.physical_id("Old")
    resources = {"P": parameter("after"), "New": queue(), "Q": {**BROKEN, "DependsOn": ["P", "New"]}}
    assert stack.update(resources) == "UPDATE_ROLLBACK_COMPLETE"
    value = mirror.client("ssm").get_parameter(Name=stack.physical_id("P"))["Parameter"]["Value"]
    assert value == "before"
    rows = stack.api.describe_stack_resources(StackName="restored")["StackResources"]
    assert {row["LogicalResourceId"] for row in rows} == {"P", "Old"}
    assert stack.physical_id("Old") == old
    assert stack.update({"P": parameter("again"), "Old": queue()}) == "UPDATE_COMPLETE"
    stack.delete()


def test_replacement_reaches_what_depends_on_it(mirror: RunningMirror) -> None:
    stack = Stack(mirror, "replaced")
    dependent = parameter({"Fn::GetAtt": ["Q", "QueueName"]})
    stack.create({"Q": queue(QueueName="first"), "P": dependent})
    assert stack.update({"Q": queue(QueueName="second"), "P": dependent}) == "UPDATE_COMPLETE"
    assert [url.rpartition("/")[2] for url in mirror.client("sqs").list_queues()["QueueUrls"]] == ["second"]
    name = stack.physical_id("P")
    assert mirror.client("ssm").get_parameter(Name=name)["Parameter"]["Value"] == "second"
    stack.delete()


def test_a_custom_name_is_not_replaced_under_itself(mirror: RunningMirror) -> None:
    stack = Stack(mirror, "renamed")
    role = {"Type": "AWS::IAM::Role", "Properties": {"RoleName": "r", "AssumeRolePolicyDocument": TRUST}}
    stack.create({"R": role})
    moved = {**role, "Properties": {**role["Properties"], "Path": "/other/"}}  # type: ignore[dict-item]
    with pytest.raises(ClientError, match="Rename r and update the stack again"):
        stack.update({"R": moved})
    assert stack.describe()["StackStatus"] == "CREATE_COMPLETE"
    stack.delete()


TRUST = {
    "Version": "2012-10-17",
    "Statement": [
        {"Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"}, "Action": "sts:AssumeRole"}
    ],
}


def test_retained_resources_stay(mirror: RunningMirror) -> None:
    stack = Stack(mirror, "retaining")
    kept = {**queue(QueueName="kept"), "DeletionPolicy": "Retain", "UpdateReplacePolicy": "Retain"}
    renamed = {**kept, "Properties": {"QueueName": "kept-2"}}
    stack.create({"Q": kept})
    stack.update({"Q": renamed})
    stack.delete()
    names = {url.rpartition("/")[2] for url in mirror.client("sqs").list_queues()["QueueUrls"]}
    assert names == {"kept", "kept-2"}


def test_exports_are_imported_and_protected(mirror: RunningMirror) -> None:
    producer, consumer = Stack(mirror, "producer"), Stack(mirror, "consumer")
    exported = {"Name": {"Value": {"Ref": "P"}, "Export": {"Name": "shared-name"}}}
    producer.create({"P": parameter("x")}, Outputs=exported)
    consumer.create({"C": parameter({"Fn::ImportValue": "shared-name"})})
    value = mirror.client("ssm").get_parameter(Name=consumer.physical_id("C"))["Parameter"]["Value"]
    assert value == producer.physical_id("P")
    assert producer.api.list_imports(ExportName="shared-name")["Imports"] == ["consumer"]
    assert producer.delete() == "DELETE_FAILED"
    assert "in use by consumer" in producer.describe()["StackStatusReason"]
    consumer.delete()
    assert producer.delete() == "DELETE_COMPLETE"


def test_dynamic_references_and_ssm_parameters(mirror: RunningMirror) -> None:
    mirror.client("ssm").put_parameter(Name="/shared/size", Value="42", Type="String")
    stack = Stack(mirror, "dynamic")
    declared = {"Size": {"Type": "AWS::SSM::Parameter::Value<String>", "Default": "/shared/size"}}
    resources = {
        "A": queue(VisibilityTimeout={"Ref": "Size"}),
        "B": parameter("{{resolve:ssm:/shared/size}} units"),
    }
    stack.create(resources, Parameters=declared)
    value = mirror.client("ssm").get_parameter(Name=stack.physical_id("B"))["Parameter"]["Value"]
    assert value == "42 units"
    (shown,) = stack.describe()["Parameters"]
    assert (shown["ParameterValue"], shown["ResolvedValue"]) == ("/shared/size", "42")
    stack.delete()


def test_a_template_that_is_not_honoured_leaves_no_stack(mirror: RunningMirror) -> None:
    stack = Stack(mirror, "strict")
    with pytest.raises(ClientError, match=r"Q \(AWS::SQS::Queue\): property Colour is not supported"):
        stack.create({"Q": queue(Colour="red")})
    with pytest.raises(ClientError, match="does not exist"):
        stack.describe()


def test_change_sets_show_what_they_do(mirror: RunningMirror) -> None:
    stack = Stack(mirror, "planned")
    stack.create({"Q": queue(QueueName="planned-1"), "P": parameter("x"), "Gone": parameter("y")})
    resources = {"Q": queue(QueueName="planned-2"), "P": parameter("z"), "New": parameter("n")}
    stack.api.create_change_set(StackName="planned", ChangeSetName="c", TemplateBody=body(resources))
    found = stack.api.describe_change_set(StackName="planned", ChangeSetName="c")
    changes = {
        change["ResourceChange"]["LogicalResourceId"]: (
            change["ResourceChange"]["Action"],
            change["ResourceChange"].get("Replacement"),
        )
        for change in found["Changes"]
    }
    assert changes == {
        "Q": ("Modify", "True"),
        "P": ("Modify", "False"),
        "New": ("Add", None),
        "Gone": ("Remove", None),
    }
    stack.api.execute_change_set(StackName="planned", ChangeSetName="c")
    assert stack.settled() == "UPDATE_COMPLETE"
    stack.api.create_change_set(StackName="planned", ChangeSetName="d", TemplateBody=body(resources))
    assert stack.api.describe_change_set(StackName="planned", ChangeSetName="d")["Status"] == "FAILED"
    stack.delete()


def test_termination_protection(mirror: RunningMirror) -> None:
    stack = Stack(mirror, "protected")
    stack.create({"P": parameter("x")})
    stack.api.update_termination_protection(StackName="protected", EnableTerminationProtection=True)
    with pytest.raises(ClientError, match="TerminationProtection"):
        stack.delete()
    stack.api.update_termination_protection(StackName="protected", EnableTerminationProtection=False)
    stack.delete()
