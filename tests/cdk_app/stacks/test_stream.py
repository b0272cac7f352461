"""F1-F5: the stream job on Flink, and the alarms on either engine."""

from __future__ import annotations

import pytest

from feature_groups.names import DEAD_LETTERS
from processing.stream.monitor import MEASURES
from tests.cdk_app.synthesis import Assembly, Template, text

pytestmark = pytest.mark.slow

_REGION = "eu-central-1:210987654321"


@pytest.fixture
def flink(prod: Assembly) -> Template:
    return prod.template("stream")


def _streams(*names: str) -> set[str]:
    return {f"arn:aws:kinesis:{_REGION}:stream/fraudline-prod-{name}" for name in names}


def _allowed(template: Template, action: str) -> set[str]:
    """The resources of the statements that allow `action`."""
    return {
        resource
        for statement in template.statements()
        if action in text(statement["Action"]).split(",")
        for resource in text(statement["Resource"]).split(",")
    }


@pytest.mark.parametrize("environment", ["dev", "prod"])
def test_either_engine_is_watched(request: pytest.FixtureRequest, environment: str) -> None:
    assembly: Assembly = request.getfixturevalue(environment)
    alarms = assembly.template("stream").by("AWS::CloudWatch::Alarm", "AlarmName")
    prefix = f"fraudline-{environment}"
    anomalies = alarms[f"{prefix}-anomaly-rate"]
    assert (anomalies["Namespace"], anomalies["MetricName"]) == ("Fraudline", "anomaly_rate")
    assert anomalies["Dimensions"] == [{"Name": "Environment", "Value": environment}]
    assert (anomalies["Threshold"], anomalies["ComparisonOperator"]) == (5, "GreaterThanThreshold")
    assert (anomalies["DatapointsToAlarm"], anomalies["EvaluationPeriods"]) == (3, 5)
    assert anomalies["TreatMissingData"] == "notBreaching"
    late = alarms[f"{prefix}-late-rate"]
    assert late["Metrics"][0]["Expression"] == "100 * late / accepted"
    assert late["Threshold"] == 1
    lag = alarms[f"{prefix}-stream-lag"]
    assert lag["MetricName"] == "GetRecords.IteratorAgeMilliseconds"
    assert lag["Dimensions"] == [{"Name": "StreamName", "Value": f"{prefix}-transactions-raw"}]
    assert lag["Threshold"] == 60_000
    for measure in MEASURES:
        alarm = alarms[f"{prefix}-{measure.name.replace('_', '-')}"]
        assert (alarm["Namespace"], alarm["MetricName"]) == ("Fraudline", measure.name)
        assert (alarm["Threshold"], alarm["ComparisonOperator"]) == (measure.above, "GreaterThanThreshold")
        assert alarm["AlarmDescription"] == measure.description
    low = alarms[f"{prefix}-volume-percent-low"]
    assert (low["Threshold"], low["ComparisonOperator"]) == (50, "LessThanThreshold")
    assert (low["Statistic"], low["DatapointsToAlarm"]) == ("Minimum", 3)


def test_the_consumer_needs_nothing_but_the_alarms(dev: Assembly) -> None:
    resources = dev.template("stream").document["Resources"].values()
    assert {resource["Type"] for resource in resources} == {"AWS::CloudWatch::Alarm"}


def test_the_application_is_the_zip_with_the_settings(flink: Template) -> None:
    application = flink.only("AWS::KinesisAnalyticsV2::Application")
    assert application["ApplicationName"] == "fraudline-prod-stream"
    assert application["RuntimeEnvironment"] == "FLINK-2_2"
    configuration = application["ApplicationConfiguration"]
    code = configuration["ApplicationCodeConfiguration"]
    assert code["CodeContentType"] == "ZIPFILE"
    location = code["CodeContent"]["S3ContentLocation"]
    assert location["FileKey"].endswith(".zip")
    assert "cdk-hnb659fds-assets" in text(location["BucketARN"])
    groups = {
        group["PropertyGroupId"]: group["PropertyMap"]
        for group in configuration["EnvironmentProperties"]["PropertyGroups"]
    }
    assert groups["kinesis.analytics.flink.run.options"]["python"] == "main.py"
    assert groups["FraudlineStream"] == {
        "environment": "prod",
        "region": "eu-central-1",
        "lake_bucket": "fraudline-prod-lake-210987654321-eu-central-1",
        "replay": "0",
        "parallelism": "20",
    }


def test_it_saves_its_state_every_minute_and_keeps_its_parallelism(flink: Template) -> None:
    configuration = flink.only("AWS::KinesisAnalyticsV2::Application")["ApplicationConfiguration"]
    settings = configuration["FlinkApplicationConfiguration"]
    assert settings["CheckpointConfiguration"]["CheckpointInterval"] == 60_000
    assert settings["CheckpointConfiguration"]["CheckpointingEnabled"] is True
    assert configuration["ApplicationSnapshotConfiguration"] == {"SnapshotsEnabled": True}
    assert settings["ParallelismConfiguration"] == {
        "AutoScalingEnabled": False,
        "ConfigurationType": "CUSTOM",
        "Parallelism": 20,
        "ParallelismPerKPU": 2,
    }


def test_it_reads_events_and_writes_what_it_makes_of_them_and_nothing_else(flink: Template) -> None:
    assert _allowed(flink, "kinesis:GetRecords") == _streams("transactions-raw", "fraud-labels")
    dead_letters = (f"dlq-{kind}" for kind in DEAD_LETTERS)
    assert _allowed(flink, "kinesis:PutRecords") == _streams(
        "transactions-enriched", "transactions-late", *dead_letters
    )
    groups = f"arn:aws:sagemaker:{_REGION}:feature-group/fraudline-prod-"
    assert _allowed(flink, "sagemaker:PutRecord") == {f"{groups}user-activity", f"{groups}merchant"}
    assert _allowed(flink, "sagemaker:BatchGetRecord") == {f"{groups}user-profile"}
    assert len(_allowed(flink, "kms:GenerateDataKey")) == 2
    lake = "arn:aws:s3:::fraudline-prod-lake-210987654321-eu-central-1/"
    written = _allowed(flink, "s3:PutObject")
    assert {f"{lake}raw/transactions/*", f"{lake}labels/*"} == {x for x in written if x.endswith("*")}
    assert f"{lake}processed/training_sets/.keep" in written
    (metrics,) = (x for x in flink.statements() if x["Action"] == "cloudwatch:PutMetricData")
    assert metrics["Condition"] == {"StringEquals": {"cloudwatch:namespace": "Fraudline"}}
    (code,) = _allowed(flink, "s3:GetObject")
    assert code.endswith(".zip")
    actions = {action for item in flink.statements() for action in text(item["Action"]).split(",")}
    assert not [action for action in actions if "*" in action]


def test_only_this_application_assumes_the_role(flink: Template) -> None:
    (role,) = (
        role["AssumeRolePolicyDocument"]["Statement"][0]
        for role in flink.resources("AWS::IAM::Role").values()
        if "kinesisanalytics" in str(role)
    )
    assert role["Principal"] == {"Service": "kinesisanalytics.amazonaws.com"}
    assert role["Condition"] == {
        "StringEquals": {"aws:SourceAccount": "210987654321"},
        "ArnEquals": {
            "aws:SourceArn": f"arn:aws:kinesisanalytics:{_REGION}:application/fraudline-prod-stream"
        },
    }


def test_it_is_started_once_it_can_be_heard(flink: Template) -> None:
    (started,) = (
        resource
        for resource in flink.document["Resources"].values()
        if resource["Type"] == "Custom::FraudlineStreamStart"
    )
    assert started["Properties"]["Application"] == "fraudline-prod-stream"
    (logging,) = flink.resources("AWS::KinesisAnalyticsV2::ApplicationCloudWatchLoggingOption")
    assert logging in started["DependsOn"]
    code = flink.only("AWS::KinesisAnalyticsV2::Application")["ApplicationConfiguration"]
    key = code["ApplicationCodeConfiguration"]["CodeContent"]["S3ContentLocation"]["FileKey"]
    assert started["Properties"]["Code"] == key.removesuffix(".zip"), "new code looks whether it runs"


def test_a_job_that_is_down_or_cannot_save_its_state_raises_an_alarm(flink: Template) -> None:
    alarms = flink.by("AWS::CloudWatch::Alarm", "AlarmName")
    down = alarms["fraudline-prod-stream-down"]
    assert (down["Namespace"], down["MetricName"]) == ("AWS/KinesisAnalytics", "downtime")
    assert down["Dimensions"] == [{"Name": "Application", "Value": "fraudline-prod-stream"}]
    assert alarms["fraudline-prod-stream-checkpoints-fail"]["Metrics"][0]["Expression"] == "DIFF(failed)"
