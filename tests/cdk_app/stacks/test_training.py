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
        "LongAggregates": "Processing",
        "BatchScores": "Processing",
        "LoadWarehouse": "Processing",
        "CleanUp": "Processing",
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


def test_an_execution_has_to_name_its_night(definition: Document) -> None:
    assert defaults(definition)["AsOf"] is None


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
    queue = target["DeadLetterConfig"]["Arn"]["Fn::GetAtt"][0]
    assert template.resources("AWS::SQS::Queue")[queue]["QueueName"] == "fraudline-dev-missed-starts"


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
    group = "arn:aws:sagemaker:us-east-1:<AWS::AccountId>:model-package-group/fraudline-dev-fraud"
    assert listed
    # With those of the fraud types, whose names begin as it does.
    assert {arn for item in listed for arn in text(item["Resource"]).split(",")} <= {group, f"{group}*"}


def test_nothing_here_can_approve_or_deploy(template: Template) -> None:
    actions = {action for item in template.statements() for action in text(item["Action"]).split(",")}
    forbidden = {"sagemaker:UpdateEndpoint", "sagemaker:CreateEndpoint", "sagemaker:CreateModel"}
    assert not actions & forbidden
    assert not [action for action in actions if "*" in action]
    (update,) = (item for item in template.statements() if "UpdateModelPackage" in text(item["Action"]))
    assert update["Condition"] == {"StringEqualsIfExists": {"sagemaker:ModelApprovalStatus": "Rejected"}}
    pipeline, teller = (
        next(name for name in template.resources("AWS::IAM::Role") if part in name)
        for part in ("PipelineRole", "NightMailTellerRole")
    )
    owners = {
        policy["Roles"][0]["Ref"]: text([item["Action"] for item in policy["PolicyDocument"]["Statement"]])
        for policy in template.resources("AWS::IAM::Policy").values()
    }
    assert "UpdateModelPackage" in owners[teller]
    assert "UpdateModelPackage" not in owners[pipeline]


def test_every_end_of_a_night_is_told(template: Template) -> None:
    rule = template.only("AWS::Events::Rule")
    assert rule["EventPattern"]["detail-type"] == [
        "SageMaker Model Building Pipeline Execution Status Change"
    ]
    detail = rule["EventPattern"]["detail"]
    assert detail["currentPipelineExecutionStatus"] == ["Succeeded", "Failed", "Stopped"]
    assert [text(arn) for arn in detail["pipelineArn"]] == [
        "arn:aws:sagemaker:us-east-1:<AWS::AccountId>:pipeline/fraudline-dev-nightly"
    ]
    (target,) = rule["Targets"]
    (function,) = template.resources("AWS::Lambda::Function")
    assert target["Arn"]["Fn::GetAtt"][0] == function
    assert target["RetryPolicy"]["MaximumRetryAttempts"] == 12
    (queue,) = (
        name
        for name, queue in template.resources("AWS::SQS::Queue").items()
        if queue["QueueName"] == "fraudline-dev-nights-dead-letters"
    )
    assert target["DeadLetterConfig"]["Arn"]["Fn::GetAtt"][0] == queue
    lambda_ = template.only("AWS::Lambda::Function")
    assert lambda_["DeadLetterConfig"]["TargetArn"]["Fn::GetAtt"][0] == queue
    (topic,) = template.resources("AWS::SNS::Topic")
    assert lambda_["Environment"]["Variables"]["TOPIC_ARN"] == {"Ref": topic}
    assert template.only("AWS::Lambda::EventInvokeConfig")["MaximumRetryAttempts"] == 2


def test_the_mail_goes_to_who_is_set(template: Template, prod: Assembly) -> None:
    assert template.resources("AWS::SNS::Subscription") == {}
    subscription = prod.template("training").only("AWS::SNS::Subscription")
    assert (subscription["Protocol"], subscription["Endpoint"]) == ("email", "fraud-team@example.com")
    topic = template.only("AWS::SNS::Topic")
    assert topic["TopicName"] == "fraudline-dev-nights"
    assert topic["KmsMasterKeyId"]


def test_a_night_removes_below_three_prefixes_and_writes_records_of_its_own_groups(
    template: Template,
) -> None:
    def resources(action: str, effect: str = "Allow") -> list[str]:
        found = [
            item["Resource"]
            for item in template.statements()
            if action in text(item["Action"]).split(",") and item["Effect"] == effect
        ]
        return [text(one) for each in found for one in (each if isinstance(each, list) else [each])]

    lake = "arn:aws:s3:::fraudline-dev-lake-<AWS::AccountId>-us-east-1"
    assert set(resources("s3:DeleteObject")) == {
        f"{lake}/{prefix}/*" for prefix in ("processed/training_sets", "models", "processed/aggregates")
    }
    assert resources("s3:DeleteObject", "Deny") == [f"{lake}/models/served/*"]
    assert resources("s3:DeleteObjectVersion") == []
    group = "arn:aws:sagemaker:us-east-1:<AWS::AccountId>:feature-group/fraudline-dev-"
    assert set(resources("sagemaker:PutRecord")) == {f"{group}user-baseline", f"{group}merchant-risk"}
    assert f"{lake}/audit/predictions/*" in resources("s3:GetObject")
    assert {
        f"{lake}/{area}/*" for area in ("analytics", "processed/batch_scores", "processed/aggregates")
    } <= {*resources("s3:PutObject")}
    assert not [one for one in resources("s3:PutObject") if "/raw/" in one or "/labels/" in one]


def test_the_batch_decides_by_the_policy_of_the_deployment(definition: Document) -> None:
    arguments = steps(definition["Steps"])["BatchScores"]["Arguments"]
    assert "FRAUDLINE_POLICY_FILE" not in arguments["Environment"]
    assert arguments["Environment"]["PYTHONPATH"].endswith(".zip:/app")
