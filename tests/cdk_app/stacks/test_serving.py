"""D1: the endpoint and its scaling. D5: deployment on approval."""

from __future__ import annotations

import json

import pytest

from cdk_app.functions.deployer.desired import Desired
from tests.cdk_app.synthesis import Assembly, Template, text

pytestmark = pytest.mark.slow


@pytest.fixture
def template(dev: Assembly) -> Template:
    return dev.template("serving")


def desired(template: Template) -> Desired:
    """The configuration as the deployer will parse it."""
    return Desired.from_json(text(template.only("AWS::SSM::Parameter")["Value"]))


def test_the_endpoint_is_configured_for_the_deployer(template: Template) -> None:
    wanted = desired(template)
    assert wanted.endpoint == "fraudline-dev-decisions"
    assert wanted.variant == "live"
    assert wanted.package_group == "fraudline-dev-fraud"
    assert wanted.instance_type == "ml.c7i.large"
    assert (wanted.min_instances, wanted.max_instances, wanted.invocations_per_instance) == (1, 4, 15_000)
    assert wanted.model_environment == {
        "FRAUDLINE_ENVIRONMENT": "dev",
        "FRAUDLINE_REPLAY": "0",
        "FRAUDLINE_AUDIT_URI": "s3://fraudline-dev-lake-<AWS::AccountId>-us-east-1/audit/predictions/",
        "FRAUDLINE_AUDIT_RETENTION_DAYS": "0",
    }
    assert wanted.role.startswith("<EndpointRole")


def test_the_custom_resource_and_the_approval_event_use_one_configuration(template: Template) -> None:
    endpoint = template.only("Custom::FraudlineEndpoint")
    parameter = template.only("AWS::SSM::Parameter")
    assert endpoint["Configuration"] == parameter["Value"]
    function = template.only("AWS::Lambda::Function")
    assert function["Environment"]["Variables"]["DESIRED_PARAMETER"] == parameter["Name"]
    (resource,) = (
        item for item in template.document["Resources"].values() if item["Type"].startswith("Custom::")
    )
    assert set(template.resources("AWS::SSM::Parameter")) <= set(resource["DependsOn"])
    assert set(template.resources("AWS::IAM::Policy")) <= set(resource["DependsOn"])


def test_scaling_and_instances_follow_the_settings(prod: Assembly) -> None:
    wanted = desired(prod.template("serving"))
    assert (wanted.min_instances, wanted.max_instances) == (4, 60)
    assert (wanted.rollout, wanted.step_percent, wanted.bake_seconds) == ("canary", 10, 300)
    assert wanted.model_environment["FRAUDLINE_AUDIT_RETENTION_DAYS"] == "2557"
    assert wanted.model_environment["FRAUDLINE_POLICY_FILE"] == "inference/policy/default.toml"
    assert wanted.model_environment["FRAUDLINE_SIGNALS_FILE"] == "inference/signals/bureau/signals.toml"
    assert wanted.shadow_percent == 5
    lake = wanted.model_environment["FRAUDLINE_AUDIT_URI"].removesuffix("audit/predictions/")
    assert wanted.shadow_environment == {
        "FRAUDLINE_SHADOW": "1",
        "FRAUDLINE_LOG_STREAM": "off",
        "FRAUDLINE_POSTGRES_DSN": "",
        "FRAUDLINE_AUDIT_URI": f"{lake}audit/shadow/",
    }


def test_the_image_is_built_from_what_the_server_needs_and_no_more(dev: Assembly, template: Template) -> None:
    manifest = json.loads((dev.directory / "fraudline-dev-serving.assets.json").read_text())
    ((digest, image),) = manifest["dockerImages"].items()
    assert image["source"]["dockerFile"] == "inference/Dockerfile"
    assert digest in desired(template).image
    context = dev.directory / image["source"]["directory"]
    assert {path.name for path in context.iterdir()} == {
        "feature_groups",
        "inference",
        "processing",
        "requirements",
    }
    assert not list(context.rglob("__pycache__"))
    assert [path.name for path in (context / "requirements").iterdir()] == ["core.txt"]


def test_the_registered_image_is_the_one_that_is_deployed(dev: Assembly, template: Template) -> None:
    pipeline = dev.template("training").only("AWS::SageMaker::Pipeline")
    assert desired(template).image in text(pipeline["PipelineDefinition"]["PipelineDefinitionBody"])


def test_approvals_of_our_group_call_the_deployer(template: Template) -> None:
    rule = template.resource("AWS::Events::Rule", "Name", "fraudline-dev-approvals")
    properties = rule["Properties"]
    assert properties["EventPattern"] == {
        "source": ["aws.sagemaker"],
        "detail-type": ["SageMaker Model Package State Change"],
        "detail": {
            "ModelPackageGroupName": ["fraudline-dev-fraud"],
            "ModelApprovalStatus": ["Approved", "Rejected", "PendingManualApproval"],
        },
    }
    assert properties["State"] == "ENABLED"
    (function,) = template.resources("AWS::Lambda::Function")
    (target,) = properties["Targets"]
    assert target["Arn"] == {"Fn::GetAtt": [function, "Arn"]}
    permission = template.only("AWS::Lambda::Permission")
    assert permission["Principal"] == "events.amazonaws.com"
    # Not before the endpoint exists, and no longer when it is being deleted.
    assert rule["DependsOn"] == ["Endpoint"]


def test_the_deployer_is_a_plain_function_whose_failures_are_kept(dev: Assembly, template: Template) -> None:
    function = template.only("AWS::Lambda::Function")
    assert function["FunctionName"] == "fraudline-dev-deployer"
    assert function["Handler"] == "cdk_app.functions.deployer.handler.handle"
    assert function["Timeout"] == 900
    (queue,) = template.resources("AWS::SQS::Queue")
    assert function["DeadLetterConfig"] == {"TargetArn": {"Fn::GetAtt": [queue, "Arn"]}}
    assert function["Environment"]["Variables"]["DEAD_LETTER_QUEUE_URL"] == {"Ref": queue}
    assert template.only("AWS::Lambda::EventInvokeConfig")["MaximumRetryAttempts"] == 2
    assert template.only("AWS::Logs::LogGroup")["RetentionInDays"] == 90
    code = dev.directory / f"asset.{function['Code']['S3Key'].removesuffix('.zip')}"
    files = {path.relative_to(code).as_posix() for path in code.rglob("*") if path.is_file()}
    assert "cdk_app/functions/deployer/handler.py" in files
    assert {name.rpartition(".")[2] for name in files} == {"py"}
    assert all(name == "cdk_app/__init__.py" or name.startswith("cdk_app/functions/") for name in files)


def test_errors_latency_and_odd_decisions_roll_an_update_back(template: Template) -> None:
    alarms = template.by("AWS::CloudWatch::Alarm", "AlarmName")
    references = {f"<{key}>": item for key, item in template.resources("AWS::CloudWatch::Alarm").items()}
    rollback = {
        references[name]["MetricName"]: references[name] for name in desired(template).rollback_alarms
    }
    assert set(rollback) == {"Invocation5XXErrors", "ModelLatency", "DeclineShare", "FallbackShare"}
    assert rollback["ModelLatency"]["Threshold"] == 200_000
    assert rollback["ModelLatency"]["ExtendedStatistic"] == "p99"
    assert rollback["DeclineShare"]["Statistic"] == "Maximum"
    for name, alarm in rollback.items():
        dimensions = {item["Name"]: item["Value"] for item in alarm["Dimensions"]}
        assert dimensions == (
            {"Environment": "dev"}
            if name.endswith("Share")
            else {"EndpointName": "fraudline-dev-decisions", "VariantName": "live"}
        )
        assert alarm["Period"] == 60
    assert "fraudline-dev-deployment-failed" in alarms


def test_the_deployer_cannot_approve_and_the_endpoint_cannot_deploy(template: Template) -> None:
    actions = {action for item in template.statements() for action in text(item["Action"]).split(",")}
    assert "sagemaker:UpdateModelPackage" not in actions
    assert not [action for action in actions if "*" in action]
    (endpoint,) = (
        policy
        for name, policy in template.resources("AWS::IAM::Policy").items()
        if name.startswith("EndpointRole")
    )
    allowed = {
        action
        for item in endpoint["PolicyDocument"]["Statement"]
        for action in text(item["Action"]).split(",")
        if action.startswith("sagemaker:")
    }
    assert allowed == {"sagemaker:GetRecord", "sagemaker:BatchGetRecord"}
    written = {
        text(item["Action"]): text(item["Resource"])
        for item in endpoint["PolicyDocument"]["Statement"]
        if "kinesis" in text(item["Action"]) or "GenerateDataKey" in text(item["Action"])
    }
    stream = written["kinesis:PutRecord,kinesis:PutRecords"]
    assert stream.endswith(":stream/fraudline-dev-model-predictions")
    (encryption,) = (
        item["Condition"]["StringEquals"]
        for item in endpoint["PolicyDocument"]["Statement"]
        if item["Action"] == "kms:GenerateDataKey"
    )
    assert text(encryption["kms:EncryptionContext:aws:kinesis:arn"]) == stream
    passed = [item for item in template.statements() if item["Action"] == "iam:PassRole"]
    assert [text(item["Resource"]).split(".")[0] for item in passed] == [desired(template).role.split(".")[0]]
