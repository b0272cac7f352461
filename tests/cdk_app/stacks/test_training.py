"""N1, N3-N5: the nightly pipeline, its code and its schedule."""

from __future__ import annotations

import json
from typing import Any

import pytest

from cdk_app.settings import SERVING_INSTANCE_TYPES
from tests.cdk_app.synthesis import Assembly, Document, Template, text

pytestmark = pytest.mark.slow


@pytest.fixture
def template(dev: Assembly) -> Template:
    return dev.template("training")


@pytest.fixture
def definition(template: Template) -> Document:
    return definition_of(template)


def definition_of(template: Template) -> Document:
    body = template.only("AWS::SageMaker::Pipeline")["PipelineDefinition"]["PipelineDefinitionBody"]
    found: Document = json.loads(text(body))
    return found


def steps(items: list[Document]) -> dict[str, Document]:
    found = {}
    for step in items:
        found[step["Name"]] = step
        if step["Type"] == "Condition":
            found |= steps(step["Arguments"]["IfSteps"] + step["Arguments"]["ElseSteps"])
    return found


def defaults(definition: Document) -> dict[str, Any]:
    return {item["Name"]: item.get("DefaultValue") for item in definition["Parameters"]}


def test_the_pipeline_builds_trains_evaluates_and_registers(template: Template, definition: Document) -> None:
    assert template.only("AWS::SageMaker::Pipeline")["PipelineName"] == "fraudline-dev-nightly"
    assert {name: step["Type"] for name, step in steps(definition["Steps"]).items()} == {
        "BuildFeatures": "Processing",
        "DataIsSound": "Condition",
        "RejectData": "Fail",
        "TrainModel": "Training",
        "FindChampion": "Processing",
        "MeasureServing": "Processing",
        "EvaluateModel": "Processing",
        "ServedParity": "Processing",
        "MeetsCriteria": "Condition",
        "RegisterModel": "RegisterModel",
        "RejectModel": "Fail",
    }
    register = steps(definition["Steps"])["RegisterModel"]["Arguments"]
    assert register["ModelApprovalStatus"] == "PendingManualApproval"
    assert register["ModelPackageGroupName"] == "fraudline-dev-fraud"
    types = register["InferenceSpecification"]["SupportedRealtimeInferenceInstanceTypes"]
    assert types == list(SERVING_INSTANCE_TYPES)


def test_code_is_at_keys_that_are_hashes_of_it(dev: Assembly, definition: Document) -> None:
    inputs = steps(definition["Steps"])["BuildFeatures"]["Arguments"]["ProcessingInputs"]
    code = next(item["S3Input"]["S3Uri"] for item in inputs if item["InputName"] == "code")
    submitted = steps(definition["Steps"])["TrainModel"]["Arguments"]["HyperParameters"]
    manifest = json.loads((dev.directory / "fraudline-dev-training.assets.json").read_text())
    for uri in (code, submitted["sagemaker_submit_directory"].strip('"')):
        bucket, _, key = uri.removeprefix("s3://").partition("/")
        assert bucket.startswith("<cdk-hnb659fds-assets-")
        digest = key.split(".")[0]
        assert manifest["files"][digest]["destinations"]
        assert (dev.directory / manifest["files"][digest]["source"]["path"]).is_file()


def test_jobs_read_the_lake_and_encrypt_with_its_key(definition: Document) -> None:
    arguments = steps(definition["Steps"])["BuildFeatures"]["Arguments"]
    lake = "s3://fraudline-dev-lake-<AWS::AccountId>-us-east-1"
    uris = {item["InputName"]: item["S3Input"]["S3Uri"] for item in arguments["ProcessingInputs"]}
    assert uris["transactions"] == f"{lake}/raw/transactions/"
    assert uris["labels"] == f"{lake}/labels/"
    assert uris["profiles"] == (
        f"{lake}/processed/features/<AWS::AccountId>/sagemaker/us-east-1/offline-store/"
        "fraudline-dev-user-profile-"
    )
    assert "Key" in arguments["ProcessingResources"]["ClusterConfig"]["VolumeKmsKeyId"]


def test_settings_reach_the_definition(definition: Document, prod: Assembly) -> None:
    assert defaults(definition)["MinimumAuc"] == 0.85
    changed = definition_of(prod.template("training"))
    assert defaults(changed)["MinimumAuc"] == 0.95
    training = steps(changed["Steps"])["TrainModel"]["Arguments"]
    assert training["ResourceConfig"]["InstanceType"] == "ml.m5.2xlarge"
    assert training["AlgorithmSpecification"]["TrainingImage"] == (
        "492215442770.dkr.ecr.eu-central-1.amazonaws.com/sagemaker-xgboost:3.2-0"
    )


def test_every_night_at_two_as_of_the_time_it_was_to_start(template: Template) -> None:
    schedule = template.only("AWS::Scheduler::Schedule")
    assert schedule["Name"] == "fraudline-dev-nightly"
    assert schedule["ScheduleExpression"] == "cron(0 2 * * ? *)"
    assert schedule["ScheduleExpressionTimezone"] == "Etc/UTC"
    assert schedule["State"] == "ENABLED"
    assert schedule["FlexibleTimeWindow"] == {"Mode": "OFF"}
    target = schedule["Target"]
    assert target["Arn"] == "arn:aws:scheduler:::aws-sdk:sagemaker:startPipelineExecution"
    request = json.loads(target["Input"])
    assert request["PipelineName"] == "fraudline-dev-nightly"
    assert request["PipelineParameters"] == [{"Name": "AsOf", "Value": "<aws.scheduler.scheduled-time>"}]
    token = request["ClientRequestToken"].replace("<aws.scheduler.scheduled-time>", "2026-03-01T02:00:00Z")
    assert 32 <= len(token) <= 128, "SageMaker's limits for a request token"
    (queue,) = template.resources("AWS::SQS::Queue")
    assert target["DeadLetterConfig"] == {"Arn": {"Fn::GetAtt": [queue, "Arn"]}}


def test_the_schedule_follows_its_settings(prod: Assembly) -> None:
    schedule = prod.template("training").only("AWS::Scheduler::Schedule")
    assert schedule["ScheduleExpression"] == "cron(30 3 * * ? *)"
    assert schedule["ScheduleExpressionTimezone"] == "Europe/Berlin"
    assert schedule["State"] == "DISABLED"


def test_the_schedule_may_start_one_pipeline_and_nothing_else(template: Template) -> None:
    starts = [item for item in template.statements() if "StartPipelineExecution" in text(item["Action"])]
    assert [text(item["Resource"]) for item in starts] == [
        "arn:aws:sagemaker:us-east-1:<AWS::AccountId>:pipeline/fraudline-dev-nightly"
    ]


def test_the_pipeline_may_look_at_what_is_in_production(template: Template) -> None:
    looked = {
        text(item["Action"]): text(item["Resource"])
        for item in template.statements()
        if "sagemaker:DescribeEndpoint" in text(item["Action"]).split(",")
    }
    assert len(looked) == 1
    assert "endpoint/fraudline-dev" in next(iter(looked.values()))
    listed = [item for item in template.statements() if "ListModelPackages" in text(item["Action"])]
    assert [text(item["Resource"]) for item in listed] == [
        "arn:aws:sagemaker:us-east-1:<AWS::AccountId>:model-package-group/fraudline-dev-fraud"
    ]


def test_the_pipeline_can_neither_approve_nor_deploy(template: Template) -> None:
    actions = {action for item in template.statements() for action in text(item["Action"]).split(",")}
    forbidden = {"sagemaker:UpdateModelPackage", "sagemaker:UpdateEndpoint", "sagemaker:CreateEndpoint"}
    assert not actions & forbidden
    assert not [action for action in actions if "*" in action]
