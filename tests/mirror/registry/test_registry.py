"""Model package groups and packages through boto3, and the events they send."""

from __future__ import annotations

import json
import time
import uuid
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.mirror.running import RunningMirror

pytestmark = pytest.mark.slow
IMAGE = "683313688378.dkr.ecr.us-east-1.amazonaws.com/sagemaker-xgboost:3.2-0"
PREFIX = "arn:aws:sagemaker:us-east-1:123456789012"


def package(mirror: RunningMirror, **fields: Any) -> str:
    request: dict[str, Any] = {
        "InferenceSpecification": {
            "Containers": [{"Image": IMAGE, "ModelDataUrl": "s3://models/model.tar.gz"}],
            "SupportedContentTypes": ["application/json"],
            "SupportedResponseMIMETypes": ["application/json"],
        },
        **fields,
    }
    arn: str = mirror.client("sagemaker").create_model_package(**request)["ModelPackageArn"]
    return arn


def group(mirror: RunningMirror) -> str:
    name = f"group-{uuid.uuid4().hex[:6]}"
    mirror.client("sagemaker").create_model_package_group(
        ModelPackageGroupName=name,
        ModelPackageGroupDescription="for a test",
        Tags=[{"Key": "a", "Value": "b"}],
    )
    return name


def test_versions_count_up_and_are_never_reused(mirror: RunningMirror) -> None:
    sagemaker = mirror.client("sagemaker")
    name = group(mirror)
    arns = [package(mirror, ModelPackageGroupName=name) for _ in range(3)]
    assert arns == [f"{PREFIX}:model-package/{name}/{version}" for version in (1, 2, 3)]
    sagemaker.delete_model_package(ModelPackageName=arns[2])
    assert package(mirror, ModelPackageGroupName=name).endswith("/4")
    with pytest.raises(ClientError, match="does not exist"):
        sagemaker.describe_model_package(ModelPackageName=arns[2])


def test_approval(mirror: RunningMirror) -> None:
    sagemaker = mirror.client("sagemaker")
    arn = package(
        mirror, ModelPackageGroupName=group(mirror), CustomerMetadataProperties={"auc": "0.97", "x": "y"}
    )
    before = sagemaker.describe_model_package(ModelPackageName=arn)
    assert before["ModelApprovalStatus"] == "PendingManualApproval"
    assert before["ModelPackageStatus"] == "Completed"
    sagemaker.update_model_package(
        ModelPackageArn=arn,
        ModelApprovalStatus="Approved",
        ApprovalDescription="looks right",
        CustomerMetadataProperties={"reviewer": "me"},
        CustomerMetadataPropertiesToRemove=["x"],
    )
    after = sagemaker.describe_model_package(ModelPackageName=arn)
    assert (after["ModelApprovalStatus"], after["ApprovalDescription"]) == ("Approved", "looks right")
    assert after["CustomerMetadataProperties"] == {"auc": "0.97", "reviewer": "me"}
    assert after["LastModifiedTime"] > after["CreationTime"]
    assert "IamIdentity" in after["LastModifiedBy"]


def test_list_filters_sorts_and_pages(mirror: RunningMirror) -> None:
    sagemaker = mirror.client("sagemaker")
    name = group(mirror)
    arns = [package(mirror, ModelPackageGroupName=name) for _ in range(4)]
    for arn in arns[:2]:
        sagemaker.update_model_package(ModelPackageArn=arn, ModelApprovalStatus="Approved")

    def listed(**filters: Any) -> list[str]:
        pages = sagemaker.get_paginator("list_model_packages").paginate(
            ModelPackageGroupName=name, PaginationConfig={"PageSize": 3}, **filters
        )
        return [item["ModelPackageArn"] for page in pages for item in page["ModelPackageSummaryList"]]

    assert listed() == arns[::-1]
    assert listed(SortOrder="Ascending") == arns
    assert listed(ModelApprovalStatus="Approved") == arns[1::-1]
    assert listed(ModelApprovalStatus="Rejected") == []
    assert arns[0] not in [
        item["ModelPackageArn"] for item in sagemaker.list_model_packages()["ModelPackageSummaryList"]
    ]
    batch = sagemaker.batch_describe_model_package(ModelPackageArnList=[arns[0], arns[0] + "9"])
    assert list(batch["ModelPackageSummaries"]) == [arns[0]]
    assert list(batch["BatchDescribeModelPackageErrorMap"]) == [arns[0] + "9"]


def test_groups(mirror: RunningMirror) -> None:
    sagemaker = mirror.client("sagemaker")
    name = group(mirror)
    described = sagemaker.describe_model_package_group(ModelPackageGroupName=name)
    assert described["ModelPackageGroupArn"] == f"{PREFIX}:model-package-group/{name}"
    assert described["ModelPackageGroupStatus"] == "Completed"
    assert sagemaker.list_tags(ResourceArn=described["ModelPackageGroupArn"])["Tags"][0]["Key"] == "a"
    found = sagemaker.list_model_package_groups(NameContains=name)["ModelPackageGroupSummaryList"]
    assert [item["ModelPackageGroupName"] for item in found] == [name]
    arn = package(mirror, ModelPackageGroupName=name)
    with pytest.raises(ClientError) as refusal:
        sagemaker.delete_model_package_group(ModelPackageGroupName=name)
    assert refusal.value.response["Error"]["Code"] == "ConflictException"
    sagemaker.delete_model_package(ModelPackageName=arn)
    sagemaker.delete_model_package_group(ModelPackageGroupName=name)
    with pytest.raises(ClientError, match="does not exist"):
        sagemaker.describe_model_package_group(ModelPackageGroupName=name)
    sagemaker.create_model_package_group(ModelPackageGroupName=name)
    assert package(mirror, ModelPackageGroupName=name).endswith("/2")


def test_policy_of_a_group(mirror: RunningMirror) -> None:
    sagemaker = mirror.client("sagemaker")
    name = group(mirror)
    policy = json.dumps({"Version": "2012-10-17", "Statement": []})
    with pytest.raises(ClientError, match="Cannot find resource policy"):
        sagemaker.get_model_package_group_policy(ModelPackageGroupName=name)
    with pytest.raises(ClientError, match="ResourcePolicy"):
        sagemaker.put_model_package_group_policy(ModelPackageGroupName=name, ResourcePolicy="{")
    sagemaker.put_model_package_group_policy(ModelPackageGroupName=name, ResourcePolicy=policy)
    assert sagemaker.get_model_package_group_policy(ModelPackageGroupName=name)["ResourcePolicy"] == policy
    sagemaker.delete_model_package_group_policy(ModelPackageGroupName=name)


def test_unversioned_packages(mirror: RunningMirror) -> None:
    sagemaker = mirror.client("sagemaker")
    name = f"single-{uuid.uuid4().hex[:6]}"
    arn = package(mirror, ModelPackageName=name)
    assert arn == f"{PREFIX}:model-package/{name}"
    assert sagemaker.describe_model_package(ModelPackageName=name)["ModelPackageArn"] == arn
    listed = sagemaker.list_model_packages(NameContains=name)["ModelPackageSummaryList"]
    assert [item["ModelPackageArn"] for item in listed] == [arn]
    with pytest.raises(ClientError, match="unversioned"):
        sagemaker.update_model_package(ModelPackageArn=arn, ModelApprovalStatus="Approved")
    with pytest.raises(ClientError, match="already exists"):
        package(mirror, ModelPackageName=name)


@pytest.mark.parametrize(
    ("fields", "word"),
    [
        ({}, "ModelPackageGroupName"),
        ({"ModelPackageGroupName": "g", "ModelPackageName": "p"}, "either"),
        ({"ModelPackageGroupName": "no-such-group"}, "does not exist"),
        ({"ModelPackageName": "p", "ModelApprovalStatus": "Approved"}, "ModelApprovalStatus"),
    ],
)
def test_refused_packages(mirror: RunningMirror, fields: dict[str, str], word: str) -> None:
    with pytest.raises(ClientError, match=word) as refusal:
        package(mirror, **fields)
    assert refusal.value.response["Error"]["Code"] == "ValidationException"


def test_every_approval_change_is_an_event(mirror: RunningMirror) -> None:
    """A rule on the default bus sends the events of one group to a queue."""
    sqs, events, sagemaker = (mirror.client(service) for service in ("sqs", "events", "sagemaker"))
    name = group(mirror)
    queue = sqs.create_queue(QueueName=name)["QueueUrl"]
    arn = sqs.get_queue_attributes(QueueUrl=queue, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    pattern = {
        "source": ["aws.sagemaker"],
        "detail-type": ["SageMaker Model Package State Change"],
        "detail": {"ModelPackageGroupName": [name]},
    }
    events.put_rule(Name=name, EventPattern=json.dumps(pattern))
    events.put_targets(Rule=name, Targets=[{"Id": "queue", "Arn": arn}])
    package_arn = package(mirror, ModelPackageGroupName=name)
    for status in ("Approved", "Approved", "Rejected"):
        sagemaker.update_model_package(ModelPackageArn=package_arn, ModelApprovalStatus=status)
    received: list[dict[str, Any]] = []
    deadline = time.monotonic() + 20
    while len(received) < 3 and time.monotonic() < deadline:
        for message in sqs.receive_message(QueueUrl=queue, MaxNumberOfMessages=10).get("Messages", []):
            received.append(json.loads(message["Body"]))
            sqs.delete_message(QueueUrl=queue, ReceiptHandle=message["ReceiptHandle"])
        time.sleep(0.1)
    time.sleep(0.5)
    assert "Messages" not in sqs.receive_message(QueueUrl=queue)
    details = [event["detail"] for event in received]
    assert sorted(detail["ModelApprovalStatus"] for detail in details) == [
        "Approved",
        "PendingManualApproval",
        "Rejected",
    ]
    for event in received:
        assert event["resources"] == [package_arn]
        assert event["detail"]["ModelPackageArn"] == package_arn
        assert (event["detail"]["ModelPackageGroupName"], event["detail"]["ModelPackageVersion"]) == (name, 1)
        [container] = event["detail"]["InferenceSpecification"]["Containers"]
        assert container["ModelDataUrl"] == "s3://models/model.tar.gz"
