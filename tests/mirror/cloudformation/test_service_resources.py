"""Roles, functions, rules, schedules, queues, topics, alarms and the rest, read back by their own APIs."""

from __future__ import annotations

import json
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.mirror.cloudformation.deploying import Stack
from tests.mirror.running import RunningMirror

pytestmark = pytest.mark.slow

TRUST = {
    "Version": "2012-10-17",
    "Statement": [
        {"Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"}, "Action": "sts:AssumeRole"}
    ],
}
ALLOW = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "s3:*", "Resource": "*"}]}
TAGS = [{"Key": "team", "Value": "fraud"}]
ROLE: dict[str, Any] = {
    "Type": "AWS::IAM::Role",
    "Properties": {
        "RoleName": "worker",
        "AssumeRolePolicyDocument": TRUST,
        "Description": "does the work",
        "ManagedPolicyArns": ["arn:aws:iam::aws:policy/AdministratorAccess"],
        "Policies": [{"PolicyName": "inline", "PolicyDocument": ALLOW}],
        "Tags": TAGS,
    },
}


def resource(kind: str, **properties: Any) -> dict[str, Any]:
    return {"Type": kind, "Properties": properties}


def arn(logical_id: str) -> dict[str, Any]:
    return {"Fn::GetAtt": [logical_id, "Arn"]}


def test_roles_and_policies(mirror: RunningMirror) -> None:
    stack, iam = Stack(mirror, "roles"), mirror.client("iam")
    own = resource("AWS::IAM::ManagedPolicy", PolicyDocument=ALLOW, Roles=[{"Ref": "Role"}])
    policy = resource("AWS::IAM::Policy", PolicyName="extra", PolicyDocument=ALLOW, Roles=[{"Ref": "Role"}])
    assert stack.create({"Role": ROLE, "Own": own, "Extra": policy}) == "CREATE_COMPLETE", stack.reasons()
    role = iam.get_role(RoleName="worker")["Role"]
    assert (role["Description"], role["Tags"]) == ("does the work", TAGS)
    assert set(iam.list_role_policies(RoleName="worker")["PolicyNames"]) == {"inline", "extra"}
    attached = iam.list_attached_role_policies(RoleName="worker")["AttachedPolicies"]
    assert {policy["PolicyArn"] for policy in attached} == {
        "arn:aws:iam::aws:policy/AdministratorAccess",
        stack.physical_id("Own"),
    }
    bare = resource("AWS::IAM::Role", RoleName="worker", AssumeRolePolicyDocument=TRUST)
    assert stack.update({"Role": bare, "Extra": policy}) == "UPDATE_COMPLETE", stack.reasons()
    assert iam.list_role_policies(RoleName="worker")["PolicyNames"] == ["extra"]
    assert iam.list_attached_role_policies(RoleName="worker")["AttachedPolicies"] == []
    assert stack.delete() == "DELETE_COMPLETE"


def test_function(mirror: RunningMirror) -> None:
    stack, client = Stack(mirror, "function"), mirror.client("lambda")
    function = resource(
        "AWS::Lambda::Function",
        FunctionName="f",
        Runtime="python3.12",
        Handler="index.handler",
        Role=arn("Role"),
        Code={"ZipFile": "def handler(event, context): return {'got': event}"},
        Environment={"Variables": {"A": "1"}},
        Timeout=7,
        MemorySize=256,
        ReservedConcurrentExecutions=1,
        DeadLetterConfig={"TargetArn": arn("Dead")},
        LoggingConfig={"LogGroup": "/custom/f"},
        TracingConfig={"Mode": "Active"},
        EphemeralStorage={"Size": 1024},
        Tags=TAGS,
    )
    resources = {
        "Role": ROLE,
        "Dead": resource("AWS::SQS::Queue"),
        "F": function,
        "P": resource(
            "AWS::Lambda::Permission",
            FunctionName={"Ref": "F"},
            Action="lambda:InvokeFunction",
            Principal="events.amazonaws.com",
        ),
        "E": resource(
            "AWS::Lambda::EventInvokeConfig",
            FunctionName={"Ref": "F"},
            Qualifier="$LATEST",
            MaximumRetryAttempts=1,
            DestinationConfig={"OnFailure": {"Destination": arn("Dead")}},
        ),
    }
    assert stack.create(resources) == "CREATE_COMPLETE", stack.reasons()
    found = client.get_function_configuration(FunctionName="f")
    assert (found["Timeout"], found["MemorySize"], found["EphemeralStorage"]["Size"]) == (7, 256, 1024)
    assert found["Environment"]["Variables"] == {"A": "1"}
    assert found["DeadLetterConfig"]["TargetArn"].startswith("arn:aws:sqs:")
    assert found["LoggingConfig"]["LogGroup"] == "/custom/f"
    assert found["TracingConfig"]["Mode"] == "Active"
    assert client.get_function_concurrency(FunctionName="f")["ReservedConcurrentExecutions"] == 1
    assert client.get_function_event_invoke_config(FunctionName="f")["MaximumRetryAttempts"] == 1
    assert "events.amazonaws.com" in client.get_policy(FunctionName="f")["Policy"]
    assert json.load(client.invoke(FunctionName="f", Payload=b'{"x": 1}')["Payload"]) == {"got": {"x": 1}}

    function["Properties"] |= {
        "Code": {"ZipFile": "import os\ndef handler(event, context): return os.environ['A']"},
        "Environment": {"Variables": {"A": "2"}},
        "Timeout": 9,
        "TracingConfig": {"Mode": "PassThrough"},
    }
    del function["Properties"]["ReservedConcurrentExecutions"]
    assert stack.update(resources) == "UPDATE_COMPLETE", stack.reasons()
    assert json.load(client.invoke(FunctionName="f")["Payload"]) == "2"
    found = client.get_function_configuration(FunctionName="f")
    assert (found["Timeout"], found["TracingConfig"]["Mode"]) == (9, "PassThrough")
    assert "ReservedConcurrentExecutions" not in client.get_function_concurrency(FunctionName="f")
    assert stack.delete() == "DELETE_COMPLETE"


def test_a_runtime_that_cannot_run_is_refused(mirror: RunningMirror) -> None:
    stack = Stack(mirror, "nodejs")
    function = resource(
        "AWS::Lambda::Function",
        Runtime="nodejs22.x",
        Handler="index.handler",
        Role=arn("Role"),
        Code={"ZipFile": "exports.handler = async () => 1"},
    )
    assert stack.create({"Role": ROLE, "F": function}) == "ROLLBACK_COMPLETE"
    assert "nodejs22.x: the mirror runs zipped Python functions only" in stack.reasons()
    stack.delete()


def test_rule_and_schedule(mirror: RunningMirror) -> None:
    stack = Stack(mirror, "timed")
    rule = resource(
        "AWS::Events::Rule",
        Name="approved",
        Description="d",
        EventPattern={"source": ["aws.sagemaker"], "detail": {"ModelApprovalStatus": ["Approved"]}},
        Targets=[{"Id": "q", "Arn": arn("Q"), "RetryPolicy": {"MaximumRetryAttempts": 2}}],
        Tags=TAGS,
    )
    schedule = resource(
        "AWS::Scheduler::Schedule",
        Name="nightly",
        ScheduleExpression="cron(0 2 * * ? *)",
        ScheduleExpressionTimezone="Europe/Berlin",
        FlexibleTimeWindow={"Mode": "OFF"},
        State="DISABLED",
        Target={"Arn": arn("Q"), "RoleArn": arn("Role"), "Input": '{"x": 1}'},
    )
    resources = {"Role": ROLE, "Q": resource("AWS::SQS::Queue"), "R": rule, "S": schedule}
    assert stack.create(resources) == "CREATE_COMPLETE", stack.reasons()
    events, scheduler = mirror.client("events"), mirror.client("scheduler")
    assert json.loads(events.describe_rule(Name="approved")["EventPattern"])["source"] == ["aws.sagemaker"]
    (target,) = events.list_targets_by_rule(Rule="approved")["Targets"]
    assert target["RetryPolicy"]["MaximumRetryAttempts"] == 2
    found = scheduler.get_schedule(Name="nightly")
    assert (found["ScheduleExpressionTimezone"], found["State"]) == ("Europe/Berlin", "DISABLED")

    rule["Properties"]["State"] = "DISABLED"
    schedule["Properties"]["ScheduleExpression"] = "rate(1 day)"
    assert stack.update(resources) == "UPDATE_COMPLETE", stack.reasons()
    assert events.describe_rule(Name="approved")["State"] == "DISABLED"
    assert scheduler.get_schedule(Name="nightly")["ScheduleExpression"] == "rate(1 day)"

    schedule["Properties"]["ScheduleExpression"] = "cron(0 25 * * ? *)"
    assert stack.update(resources) == "UPDATE_ROLLBACK_COMPLETE"
    assert "25 is not between 0 and 23" in stack.reasons()
    assert stack.delete() == "DELETE_COMPLETE"


def test_queues_and_topics(mirror: RunningMirror) -> None:
    stack, sqs, sns = Stack(mirror, "messaging"), mirror.client("sqs"), mirror.client("sns")
    resources = {
        "Dead": resource("AWS::SQS::Queue"),
        "Q": resource(
            "AWS::SQS::Queue",
            QueueName="work",
            MessageRetentionPeriod=1209600,
            KmsMasterKeyId="alias/aws/sqs",
            RedrivePolicy={"deadLetterTargetArn": arn("Dead"), "maxReceiveCount": 3},
            Tags=TAGS,
        ),
        "Allow": resource("AWS::SQS::QueuePolicy", Queues=[{"Ref": "Q"}], PolicyDocument=ALLOW),
        "T": resource(
            "AWS::SNS::Topic", TopicName="alerts", DisplayName="Alerts", KmsMasterKeyId="alias/aws/sns"
        ),
        "Sub": resource(
            "AWS::SNS::Subscription",
            TopicArn={"Ref": "T"},
            Protocol="sqs",
            Endpoint=arn("Q"),
            RawMessageDelivery=True,
        ),
    }
    assert stack.create(resources) == "CREATE_COMPLETE", stack.reasons()
    url = stack.physical_id("Q")
    found = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["All"])["Attributes"]
    assert (found["MessageRetentionPeriod"], found["KmsMasterKeyId"]) == ("1209600", "alias/aws/sqs")
    assert json.loads(found["RedrivePolicy"])["maxReceiveCount"] == 3
    assert "s3:*" in found["Policy"]
    topic = sns.get_topic_attributes(TopicArn=stack.physical_id("T"))["Attributes"]
    assert (topic["DisplayName"], topic["KmsMasterKeyId"]) == ("Alerts", "alias/aws/sns")
    sns.publish(TopicArn=stack.physical_id("T"), Message="hello")
    (message,) = sqs.receive_message(QueueUrl=url)["Messages"]
    assert message["Body"] == "hello"
    assert stack.delete() == "DELETE_COMPLETE"


def test_alarms_logs_parameters_keys_and_repositories(mirror: RunningMirror) -> None:
    stack = Stack(mirror, "rest")
    alarm = resource(
        "AWS::CloudWatch::Alarm",
        AlarmName="slow",
        MetricName="ModelLatency",
        Namespace="AWS/SageMaker",
        ExtendedStatistic="p99",
        Period=60,
        EvaluationPeriods=3,
        DatapointsToAlarm=2,
        Threshold=200000,
        ComparisonOperator="GreaterThanThreshold",
        TreatMissingData="notBreaching",
        Dimensions=[{"Name": "EndpointName", "Value": "e"}],
    )
    resources = {
        "A": alarm,
        "L": resource("AWS::Logs::LogGroup", LogGroupName="/x", RetentionInDays=90, Tags=TAGS),
        "P": resource(
            "AWS::SSM::Parameter",
            Name="/p",
            Type="String",
            Value="v",
            Description="d",
            Tags={"team": "fraud"},
        ),
        "K": resource("AWS::KMS::Key", EnableKeyRotation=True, KeyPolicy=ALLOW, Description="k", Tags=TAGS),
        "Alias": resource("AWS::KMS::Alias", AliasName="alias/data", TargetKeyId={"Ref": "K"}),
        "R": resource(
            "AWS::ECR::Repository",
            RepositoryName="images",
            ImageTagMutability="IMMUTABLE",
            ImageScanningConfiguration={"ScanOnPush": True},
        ),
        "G": resource("AWS::SageMaker::ModelPackageGroup", ModelPackageGroupName="models", Tags=TAGS),
    }
    assert stack.create(resources) == "CREATE_COMPLETE", stack.reasons()
    (found,) = mirror.client("cloudwatch").describe_alarms(AlarmNames=["slow"])["MetricAlarms"]
    assert (found["ExtendedStatistic"], found["DatapointsToAlarm"], found["TreatMissingData"]) == (
        "p99",
        2,
        "notBreaching",
    )
    (group,) = mirror.client("logs").describe_log_groups(logGroupNamePrefix="/x")["logGroups"]
    assert group["retentionInDays"] == 90
    kms = mirror.client("kms")
    assert kms.describe_key(KeyId="alias/data")["KeyMetadata"]["KeyId"] == stack.physical_id("K")
    assert kms.get_key_rotation_status(KeyId=stack.physical_id("K"))["KeyRotationEnabled"] is True
    (repository,) = mirror.client("ecr").describe_repositories(repositoryNames=["images"])["repositories"]
    assert repository["imageTagMutability"] == "IMMUTABLE"
    assert repository["imageScanningConfiguration"]["scanOnPush"] is True
    assert stack.physical_id("G").endswith(":model-package-group/models")

    alarm["Properties"]["Threshold"] = 1
    resources["L"]["Properties"]["RetentionInDays"] = 7
    resources["P"]["Properties"]["Value"] = "w"
    assert stack.update(resources) == "UPDATE_COMPLETE", stack.reasons()
    (found,) = mirror.client("cloudwatch").describe_alarms(AlarmNames=["slow"])["MetricAlarms"]
    assert found["Threshold"] == 1
    assert mirror.client("ssm").get_parameter(Name="/p")["Parameter"]["Value"] == "w"
    resources["K"]["Properties"]["KeyUsage"] = "SIGN_VERIFY"
    with pytest.raises(ClientError, match="KeyUsage of a key cannot change"):
        stack.update(resources)
    assert stack.delete() == "DELETE_COMPLETE"


def test_stack_tags_reach_the_resources(mirror: RunningMirror) -> None:
    stack, sqs = Stack(mirror, "tagged"), mirror.client("sqs")
    template = json.dumps(
        {"Resources": {"Q": resource("AWS::SQS::Queue", Tags=[{"Key": "own", "Value": "1"}])}}
    )
    stack.api.create_stack(StackName="tagged", TemplateBody=template, Tags=TAGS)
    assert stack.settled() == "CREATE_COMPLETE"
    assert sqs.list_queue_tags(QueueUrl=stack.physical_id("Q"))["Tags"] == {"own": "1", "team": "fraud"}
    other = [{"Key": "team", "Value": "risk"}]
    stack.api.update_stack(StackName="tagged", UsePreviousTemplate=True, Tags=other)
    assert stack.settled() == "UPDATE_COMPLETE"
    assert sqs.list_queue_tags(QueueUrl=stack.physical_id("Q"))["Tags"] == {"own": "1", "team": "risk"}
    stack.delete()
