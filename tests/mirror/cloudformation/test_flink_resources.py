"""Flink applications by CloudFormation: created, changed and deleted, but not started."""

from __future__ import annotations

import io
import zipfile
from typing import Any

import pytest

from tests.mirror.cloudformation.deploying import Stack
from tests.mirror.cloudformation.test_service_resources import TAGS, resource
from tests.mirror.running import RunningMirror

pytestmark = pytest.mark.slow

LOG_STREAM = "arn:aws:logs:us-east-1:123456789012:log-group:/flink/job:log-stream:out"


def application(environment: str, parallelism: int, **properties: Any) -> dict[str, Any]:
    location = {"BucketARN": "arn:aws:s3:::code", "FileKey": "job.zip"}
    configuration = {
        "ApplicationCodeConfiguration": {
            "CodeContent": {"S3ContentLocation": location},
            "CodeContentType": "ZIPFILE",
        },
        "EnvironmentProperties": {
            "PropertyGroups": [
                {"PropertyGroupId": "FraudlineStream", "PropertyMap": {"environment": environment}}
            ]
        },
        "FlinkApplicationConfiguration": {
            "ParallelismConfiguration": {
                "ConfigurationType": "CUSTOM",
                "Parallelism": str(parallelism),  # templates may write numbers as text
                "AutoScalingEnabled": "false",
            }
        },
    }
    return resource(
        "AWS::KinesisAnalyticsV2::Application",
        ApplicationName="job",
        RuntimeEnvironment="FLINK-2_2",
        ServiceExecutionRole="arn:aws:iam::123456789012:role/job",
        ApplicationConfiguration=configuration,
        **properties,
    )


def test_an_application_with_its_log_stream(mirror: RunningMirror) -> None:
    code = io.BytesIO()
    with zipfile.ZipFile(code, "w") as archive:
        archive.writestr("main.py", "")
    s3 = mirror.client("s3")
    s3.create_bucket(Bucket="code")
    s3.put_object(Bucket="code", Key="job.zip", Body=code.getvalue())
    stack, flink = Stack(mirror, "flink"), mirror.client("kinesisanalyticsv2")
    resources = {
        "Group": resource("AWS::Logs::LogGroup", LogGroupName="/flink/job"),
        "Stream": resource("AWS::Logs::LogStream", LogGroupName={"Ref": "Group"}, LogStreamName="out"),
        "Job": application("blue", 2, Tags=TAGS),
        "Logging": resource(
            "AWS::KinesisAnalyticsV2::ApplicationCloudWatchLoggingOption",
            ApplicationName={"Ref": "Job"},
            CloudWatchLoggingOption={"LogStreamARN": LOG_STREAM},
        ),
    }
    assert stack.create(resources) == "CREATE_COMPLETE", stack.reasons()
    detail = flink.describe_application(ApplicationName="job")["ApplicationDetail"]
    assert detail["ApplicationStatus"] == "READY"
    (option,) = detail["CloudWatchLoggingOptionDescriptions"]
    assert option["LogStreamARN"] == LOG_STREAM
    assert _parallelism(detail) == (2, False)
    tags = flink.list_tags_for_resource(ResourceARN=detail["ApplicationARN"])["Tags"]
    assert {"Key": "team", "Value": "fraud"} in tags

    resources["Job"] = application("green", 3)
    del resources["Logging"]
    assert stack.update(resources) == "UPDATE_COMPLETE", stack.reasons()
    detail = flink.describe_application(ApplicationName="job")["ApplicationDetail"]
    assert _parallelism(detail) == (3, False)
    assert "CloudWatchLoggingOptionDescriptions" not in detail
    described = detail["ApplicationConfigurationDescription"]["EnvironmentPropertyDescriptions"]
    assert described["PropertyGroupDescriptions"][0]["PropertyMap"] == {"environment": "green"}

    assert stack.delete() == "DELETE_COMPLETE", stack.reasons()
    assert flink.list_applications()["ApplicationSummaries"] == []


def _parallelism(detail: dict[str, Any]) -> tuple[int, bool]:
    flink = detail["ApplicationConfigurationDescription"]["FlinkApplicationConfigurationDescription"]
    found = flink["ParallelismConfigurationDescription"]
    return found["Parallelism"], found["AutoScalingEnabled"]
