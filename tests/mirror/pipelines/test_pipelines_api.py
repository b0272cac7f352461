"""Create, update, describe, list and delete of pipelines through boto3."""

from __future__ import annotations

import uuid

import pytest
from botocore.exceptions import ClientError

from tests.mirror.pipelines import definitions as d
from tests.mirror.running import RunningMirror

pytestmark = pytest.mark.slow
FIRST, SECOND = d.text(d.fail("End", "first")), d.text(d.fail("End", "second"))


def _create(mirror: RunningMirror, name: str, **more: object) -> str:
    more = more or {"PipelineDefinition": FIRST}
    answer = mirror.client("sagemaker").create_pipeline(
        PipelineName=name, ClientRequestToken=uuid.uuid4().hex, RoleArn=d.ROLE, **more
    )
    arn: str = answer["PipelineArn"]
    return arn


def test_life_of_a_pipeline(mirror: RunningMirror) -> None:
    sagemaker = mirror.client("sagemaker")
    arn = _create(mirror, "life", PipelineDefinition=FIRST, Tags=[{"Key": "team", "Value": "fraud"}])
    assert arn == "arn:aws:sagemaker:us-east-1:123456789012:pipeline/life"
    described = sagemaker.describe_pipeline(PipelineName="life")
    assert (described["PipelineDefinition"], described["PipelineStatus"]) == (FIRST, "Active")
    assert sagemaker.list_tags(ResourceArn=arn)["Tags"] == [{"Key": "team", "Value": "fraud"}]
    assert sagemaker.update_pipeline(PipelineName="life", PipelineDisplayName="x")["PipelineVersionId"] == 1
    assert sagemaker.update_pipeline(PipelineName="life", PipelineDefinition=SECOND)["PipelineVersionId"] == 2
    assert sagemaker.describe_pipeline(PipelineName=arn)["PipelineDefinition"] == SECOND
    old = sagemaker.describe_pipeline(PipelineName="life", PipelineVersionId=1)
    assert old["PipelineDefinition"] == FIRST
    sagemaker.delete_pipeline(PipelineName="life", ClientRequestToken=uuid.uuid4().hex)
    with pytest.raises(sagemaker.exceptions.ResourceNotFound):
        sagemaker.describe_pipeline(PipelineName="life")


def test_pipelines_are_listed_by_page(mirror: RunningMirror) -> None:
    for name in ("list-b", "list-a", "list-c"):
        _create(mirror, name)
    pages = (
        mirror.client("sagemaker")
        .get_paginator("list_pipelines")
        .paginate(
            PipelineNamePrefix="list", SortBy="Name", SortOrder="Ascending", PaginationConfig={"PageSize": 2}
        )
    )
    names = [[item["PipelineName"] for item in page["PipelineSummaries"]] for page in pages]
    assert names == [["list-a", "list-b"], ["list-c"]]


def test_a_definition_from_s3(mirror: RunningMirror) -> None:
    s3 = mirror.client("s3")
    s3.create_bucket(Bucket="definitions")
    s3.put_object(Bucket="definitions", Key="p.json", Body=FIRST.encode())
    _create(mirror, "located", PipelineDefinitionS3Location={"Bucket": "definitions", "ObjectKey": "p.json"})
    assert mirror.client("sagemaker").describe_pipeline(PipelineName="located")["PipelineDefinition"] == FIRST
    with pytest.raises(ClientError, match=r"s3://definitions/nope\.json does not exist"):
        _create(
            mirror, "lost", PipelineDefinitionS3Location={"Bucket": "definitions", "ObjectKey": "nope.json"}
        )


@pytest.mark.parametrize("definition", ["not json", d.text({"Name": "T", "Type": "Tuning", "Arguments": {}})])
def test_an_invalid_definition_changes_nothing(mirror: RunningMirror, definition: str) -> None:
    name = f"bad-{uuid.uuid4().hex[:6]}"
    with pytest.raises(ClientError, match="Unable to parse pipeline definition") as refusal:
        _create(mirror, name, PipelineDefinition=definition)
    assert refusal.value.response["Error"]["Code"] == "ValidationException"
    _create(mirror, name)
    with pytest.raises(ClientError, match="Unable to parse pipeline definition"):
        mirror.client("sagemaker").update_pipeline(PipelineName=name, PipelineDefinition=definition)
    assert mirror.client("sagemaker").describe_pipeline(PipelineName=name)["PipelineDefinition"] == FIRST
    with pytest.raises(ClientError, match="unique"):
        _create(mirror, name)
