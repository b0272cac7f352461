"""The API of Managed Service for Apache Flink, without a Flink: documents, versions and refusals."""

from __future__ import annotations

import io
import time
import zipfile
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from moto.s3.models import s3_backends

from mirror import api
from mirror.analytics import applications, operations, service
from mirror.api import Context, Document, ServiceError
from mirror.cloud import ACCOUNT, Cloud
from mirror.jobs.storage import Location, write
from mirror.server import registry
from mirror.server.shapes import mismatches

registry.load()
BUCKET = "flink-code"
OPTIONS = {"PropertyGroupId": "kinesis.analytics.flink.run.options", "PropertyMap": {"python": "main.py"}}
STREAM = {"PropertyGroupId": "FraudlineStream", "PropertyMap": {"environment": "blue"}}


def zipped(**files: str) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for name, text in files.items():
            archive.writestr(f"{name}.py", text)
    return buffer.getvalue()


class Client:
    """Calls operations as HTTP would: checked on the way in and on the way out."""

    def __init__(self, ctx: Context) -> None:
        self.ctx = ctx

    def __call__(self, name: str, **params: Any) -> Document:
        answer = api.call(self.ctx, operations.SERVICE, name, params)
        assert mismatches(operations.SERVICE, name, answer) == []
        return answer

    def create(self, **changes: Any) -> Document:
        code = {"CodeContent": {"ZipFileContent": zipped(main="pass")}, "CodeContentType": "ZIPFILE"}
        configuration = {
            "ApplicationCodeConfiguration": code,
            "EnvironmentProperties": {"PropertyGroups": [OPTIONS, STREAM]},
        }
        params: Document = {
            "ApplicationName": "job",
            "RuntimeEnvironment": "FLINK-2_2",
            "ServiceExecutionRole": "arn:aws:iam::123456789012:role/job",
            "ApplicationConfiguration": configuration | changes.pop("configuration", {}),
        }
        detail: Document = self("CreateApplication", **params | changes)["ApplicationDetail"]
        return detail

    def detail(self) -> Document:
        found: Document = self("DescribeApplication", ApplicationName="job")["ApplicationDetail"]
        return found

    def mark(self, status: str) -> None:
        """Put the application into a status that it cannot come into without a Flink."""
        applications.collection(self.ctx).update(
            self.ctx.region, "job", lambda found: found.update(ApplicationStatus=status)
        )

    def settled(self) -> Document:
        deadline = time.monotonic() + 20
        while (found := self.detail())["ApplicationStatus"] not in ("READY", "RUNNING"):
            assert time.monotonic() < deadline
            time.sleep(0.02)
        return found


@pytest.fixture
def client(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Client]:
    monkeypatch.setenv("FRAUDLINE_FLINK_PYTHON", str(tmp_path / "nowhere" / "python"))
    cloud = Cloud(tmp_path, port=9)
    yield Client(Context(cloud, "us-east-1"))
    service.stop(cloud)


def refused(code: str, text: str) -> Any:
    return pytest.raises(ServiceError, match=f"{code}: .*{text}")


def test_a_new_application_is_ready_and_described_with_the_defaults(client: Client) -> None:
    detail = client.create(Tags=[{"Key": "team", "Value": "risk"}])
    assert detail == client.detail()
    assert (detail["ApplicationStatus"], detail["ApplicationVersionId"]) == ("READY", 1)
    arn = "arn:aws:kinesisanalytics:us-east-1:123456789012:application/job"
    assert detail["ApplicationARN"] == arn
    described = detail["ApplicationConfigurationDescription"]
    flink = described["FlinkApplicationConfigurationDescription"]
    assert flink["CheckpointConfigurationDescription"] == {
        "ConfigurationType": "DEFAULT",
        "CheckpointingEnabled": True,
        "CheckpointInterval": 60_000,
        "MinPauseBetweenCheckpoints": 5_000,
    }
    assert flink["ParallelismConfigurationDescription"]["CurrentParallelism"] == 1
    groups = described["EnvironmentPropertyDescriptions"]["PropertyGroupDescriptions"]
    assert groups == [OPTIONS, STREAM]
    code = described["ApplicationCodeConfigurationDescription"]["CodeContentDescription"]
    assert code["CodeSize"] == len(zipped(main="pass"))
    assert client("ListTagsForResource", ResourceARN=arn)["Tags"] == [{"Key": "team", "Value": "risk"}]
    (summary,) = client("ListApplications")["ApplicationSummaries"]
    assert (summary["ApplicationName"], summary["RuntimeEnvironment"]) == ("job", "FLINK-2_2")


def test_code_comes_from_s3(client: Client) -> None:
    s3_backends[ACCOUNT]["aws"].create_bucket(BUCKET, "us-east-1")
    write(ACCOUNT, Location(BUCKET, "job.zip"), zipped(main="pass"))
    location = {"BucketARN": f"arn:aws:s3:::{BUCKET}", "FileKey": "job.zip"}
    content = {"S3ContentLocation": location}
    code = {"CodeContent": content, "CodeContentType": "ZIPFILE"}
    detail = client.create(configuration={"ApplicationCodeConfiguration": code})
    described = detail["ApplicationConfigurationDescription"]["ApplicationCodeConfigurationDescription"]
    assert described["CodeContentDescription"]["S3ApplicationCodeLocationDescription"] == location

    write(ACCOUNT, Location(BUCKET, "two.zip"), zipped(main="pass # two"))
    change = {"S3ContentLocationUpdate": {"FileKeyUpdate": "two.zip"}}
    answer = client(
        "UpdateApplication",
        ApplicationName="job",
        CurrentApplicationVersionId=1,
        ApplicationConfigurationUpdate={"ApplicationCodeConfigurationUpdate": {"CodeContentUpdate": change}},
    )
    after = answer["ApplicationDetail"]["ApplicationConfigurationDescription"]
    code = after["ApplicationCodeConfigurationDescription"]["CodeContentDescription"]
    assert code["S3ApplicationCodeLocationDescription"] == location | {"FileKey": "two.zip"}
    assert code["CodeMD5"] != described["CodeContentDescription"]["CodeMD5"]


@pytest.mark.parametrize(
    ("changes", "code", "text"),
    [
        ({"RuntimeEnvironment": "SQL-1_0"}, "UnsupportedOperationException", "the mirror runs FLINK"),
        ({"RuntimeEnvironment": "FLINK-9"}, "ValidationException", "RuntimeEnvironment"),
        (
            {"configuration": {"ApplicationCodeConfiguration": {"CodeContentType": "PLAINTEXT"}}},
            "InvalidArgumentException",
            "CodeContentType",
        ),
        (
            {
                "configuration": {
                    "ApplicationCodeConfiguration": {
                        "CodeContentType": "ZIPFILE",
                        "CodeContent": {"ZipFileContent": b"no zip"},
                    }
                }
            },
            "CodeValidationException",
            "it is not a zip file",
        ),
        (
            {
                "configuration": {
                    "ApplicationCodeConfiguration": {
                        "CodeContentType": "ZIPFILE",
                        "CodeContent": {
                            "S3ContentLocation": {"BucketARN": "arn:aws:s3:::absent", "FileKey": "job.zip"}
                        },
                    }
                }
            },
            "InvalidApplicationConfigurationException",
            "bucket 'absent' does not exist",
        ),
        (
            {"configuration": {"VpcConfigurations": [{"SubnetIds": ["s-1"], "SecurityGroupIds": ["g-1"]}]}},
            "UnsupportedOperationException",
            "VpcConfigurations",
        ),
    ],
)  # fmt: skip
def test_what_the_mirror_cannot_run_is_refused(
    client: Client, changes: dict[str, Any], code: str, text: str
) -> None:
    with refused(code, text):
        client.create(**changes)
    assert client("ListApplications")["ApplicationSummaries"] == []


def test_a_name_is_taken_once(client: Client) -> None:
    client.create()
    with refused("ResourceInUseException", "job"):
        client.create()


def test_an_update_merges_and_makes_a_version(client: Client) -> None:
    client.create()
    flink = {
        "CheckpointConfigurationUpdate": {
            "ConfigurationTypeUpdate": "CUSTOM",
            "CheckpointIntervalUpdate": 5_000,
        }
    }
    groups = [OPTIONS, {**STREAM, "PropertyMap": {"environment": "green"}}]
    update = {
        "FlinkApplicationConfigurationUpdate": flink,
        "EnvironmentPropertyUpdates": {"PropertyGroups": groups},
        "ApplicationSnapshotConfigurationUpdate": {"SnapshotsEnabledUpdate": False},
    }
    answer = client("UpdateApplication", ApplicationName="job", ApplicationConfigurationUpdate=update)
    detail = client.detail()
    assert answer["ApplicationDetail"] == detail
    assert (detail["ApplicationVersionId"], detail["ApplicationVersionUpdatedFrom"]) == (2, 1)
    described = detail["ApplicationConfigurationDescription"]
    checkpoints = described["FlinkApplicationConfigurationDescription"]["CheckpointConfigurationDescription"]
    assert (checkpoints["CheckpointInterval"], checkpoints["MinPauseBetweenCheckpoints"]) == (5_000, 5_000)
    assert described["EnvironmentPropertyDescriptions"]["PropertyGroupDescriptions"] == groups
    assert described["ApplicationSnapshotConfigurationDescription"] == {"SnapshotsEnabled": False}
    assert "CodeMD5" in described["ApplicationCodeConfigurationDescription"]["CodeContentDescription"]
    with refused("ConcurrentModificationException", "the application's is 2"):
        client("UpdateApplication", ApplicationName="job", CurrentApplicationVersionId=1)


def test_logging_options_come_and_go(client: Client) -> None:
    client.create()
    arn = "arn:aws:logs:us-east-1:123456789012:log-group:/job:log-stream:job"
    option = {"LogStreamARN": arn}
    answer = client(
        "AddApplicationCloudWatchLoggingOption", ApplicationName="job", CloudWatchLoggingOption=option
    )
    (described,) = client.detail()["CloudWatchLoggingOptionDescriptions"]
    assert described["LogStreamARN"] == arn
    assert answer["ApplicationVersionId"] == 2
    identifier = described["CloudWatchLoggingOptionId"]
    client(
        "DeleteApplicationCloudWatchLoggingOption",
        ApplicationName="job",
        CloudWatchLoggingOptionId=identifier,
    )
    assert "CloudWatchLoggingOptionDescriptions" not in client.detail()


def test_without_flink_a_start_fails_and_says_how_to_get_it(client: Client) -> None:
    client.create()
    identifier = client("StartApplication", ApplicationName="job")["OperationId"]
    assert client.settled()["ApplicationStatus"] == "READY"
    found = client("DescribeApplicationOperation", ApplicationName="job", OperationId=identifier)
    operation = found["ApplicationOperationInfoDetails"]
    assert (operation["Operation"], operation["OperationStatus"]) == ("StartApplication", "FAILED")
    assert "run `make engines`" in operation["OperationFailureDetails"]["ErrorInfo"]["ErrorString"]
    (listed,) = client("ListApplicationOperations", ApplicationName="job")["ApplicationOperationInfoList"]
    assert (listed["OperationId"], listed["OperationStatus"]) == (identifier, "FAILED")


def test_what_does_not_run_cannot_be_stopped(client: Client) -> None:
    client.create()
    with refused("ResourceInUseException", "job is READY"):
        client("StopApplication", ApplicationName="job")


def test_a_deletion_names_the_time_of_the_creation(client: Client) -> None:
    created = client.create()["CreateTimestamp"]
    with refused("InvalidArgumentException", "CreateTimestamp"):
        client("DeleteApplication", ApplicationName="job", CreateTimestamp=created + timedelta(minutes=1))
    client("DeleteApplication", ApplicationName="job", CreateTimestamp=created)
    deadline = time.monotonic() + 20
    while client("ListApplications")["ApplicationSummaries"]:
        assert time.monotonic() < deadline
    with refused("ResourceNotFoundException", "application/job not found"):
        client.detail()


def test_an_environment_is_served_while_its_application_runs(client: Client) -> None:
    client.create()
    assert service.served(client.ctx.cloud) == set()
    for status, served in (("STARTING", {"blue"}), ("RUNNING", {"blue"}), ("READY", set())):
        client.mark(status)
        assert service.served(client.ctx.cloud) == served


def test_what_was_stopping_when_the_mirror_went_is_stopped(client: Client) -> None:
    client.create()
    client.mark("STOPPING")
    service.start(client.ctx.cloud)
    assert client.detail()["ApplicationStatus"] == "READY"
