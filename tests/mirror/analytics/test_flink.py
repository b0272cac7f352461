"""The stream job as an application of the mirror, on a real Flink: transactions in, features out."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from feature_groups import FEATURE_NAMES
from processing.batch import compute_features
from processing.engines.flink.environment import JAR
from processing.engines.flink.package import build
from processing.events.moments import iso
from tests.processing.builders import NOW, raw
from tests.processing.engines import flink_job
from tests.processing.stream.mirror import BUCKET, NAMES, Mirror, running

pytestmark = [pytest.mark.slow, pytest.mark.timeout(300)]

NAME = "fraudline-test-stream"
MINUTE = 60_000


class Application:
    """The stream job in a mirror, by boto3."""

    def __init__(self, mirror: Mirror, folder: Path) -> None:
        self.client = mirror.client("kinesisanalyticsv2")
        self._kinesis = mirror.client("kinesis")
        zipped = build(folder / "application.zip")
        mirror.client("s3").upload_file(str(zipped), BUCKET, "code/application.zip")
        groups = {
            "kinesis.analytics.flink.run.options": {"python": "main.py", "jarfile": f"lib/{JAR.name}"},
            "FraudlineStream": {
                "environment": "test",
                "region": "us-east-1",
                "lake_bucket": BUCKET,
                "lake_ms": "1000",
                "replay": "1",
            },
        }
        listed = [{"PropertyGroupId": name, "PropertyMap": group} for name, group in groups.items()]
        location = {"BucketARN": f"arn:aws:s3:::{BUCKET}", "FileKey": "code/application.zip"}
        self.client.create_application(
            ApplicationName=NAME,
            RuntimeEnvironment="FLINK-2_2",
            ServiceExecutionRole="arn:aws:iam::123456789012:role/stream",
            ApplicationConfiguration={
                "ApplicationCodeConfiguration": {
                    "CodeContent": {"S3ContentLocation": location},
                    "CodeContentType": "ZIPFILE",
                },
                "EnvironmentProperties": {"PropertyGroups": listed},
                "FlinkApplicationConfiguration": {
                    "CheckpointConfiguration": {
                        "ConfigurationType": "CUSTOM",
                        "CheckpointInterval": 1_000,
                        "MinPauseBetweenCheckpoints": 100,
                    }
                },
            },
        )

    def start(self) -> None:
        operation = self.client.start_application(ApplicationName=NAME)["OperationId"]
        status = self.settled()
        ended = self.client.describe_application_operation(ApplicationName=NAME, OperationId=operation)
        assert status == "RUNNING", ended["ApplicationOperationInfoDetails"]

    def settled(self) -> str:
        """The application's status once it is READY or RUNNING."""
        found: list[str] = []

        def look() -> bool:
            detail = self.client.describe_application(ApplicationName=NAME)["ApplicationDetail"]
            found[:] = [detail["ApplicationStatus"]]
            return found[0] in ("READY", "RUNNING")

        wait(look, 120)
        return found[0]

    def send(self, *numbers: int) -> None:
        """Transactions of one user, a minute apart."""
        for number in numbers:
            event = raw(transaction_id=f"t{number}", timestamp=iso(NOW + number * MINUTE))
            self._kinesis.put_record(
                StreamName=NAMES.stream("transactions-raw"), Data=event, PartitionKey="u1"
            )

    def features(self) -> dict[str, dict[str, Any]]:
        """What is on the enriched stream: features by transaction."""
        stream = NAMES.stream("transactions-enriched")
        found = {}
        for shard in self._kinesis.list_shards(StreamName=stream)["Shards"]:
            iterator = self._kinesis.get_shard_iterator(
                StreamName=stream, ShardId=shard["ShardId"], ShardIteratorType="TRIM_HORIZON"
            )["ShardIterator"]
            for record in self._kinesis.get_records(ShardIterator=iterator)["Records"]:
                event = json.loads(record["Data"])
                found[event["transaction_id"]] = event["features"]
        return found


def wait(condition: Callable[[], bool], limit_s: float) -> None:
    deadline = time.monotonic() + limit_s
    while not condition():
        assert time.monotonic() < deadline, "it took too long"
        time.sleep(0.1)


def from_the_lake(mirror: Mirror) -> pd.DataFrame:
    """The features that a batch over the lake gives."""
    rows = pd.DataFrame(flink_job.lake(mirror, "raw/"))
    labels = pd.DataFrame(columns=["transaction_id", "is_fraud", "investigation_complete_time"])
    return compute_features(rows.drop(columns="key"), labels)


def test_transactions_become_features_and_a_stop_takes_a_snapshot(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FRAUDLINE_KERNEL", "python")  # three transactions are not worth compiling for
    with running(tmp_path, shards=1) as mirror:
        application = Application(mirror, tmp_path)
        application.start()
        application.send(0, 1, 2)
        wait(lambda: len(application.features()) == 3, 60)
        found = application.features()
        assert [found[f"t{n}"]["user_transaction_count_1h"] for n in range(3)] == [0, 1, 2]
        assert [found[f"t{n}"]["seconds_since_last_transaction"] for n in (1, 2)] == [60, 60]

        wait(lambda: len(flink_job.lake(mirror, "raw/")) == 3, 60)
        batch = from_the_lake(mirror)
        served = pd.DataFrame([found[key] for key in batch["transaction_id"]], dtype="float64")
        pd.testing.assert_frame_equal(batch[[*FEATURE_NAMES]], served[[*FEATURE_NAMES]], check_exact=True)
        markers = [x["Key"] for x in mirror.client("s3").list_objects_v2(Bucket=BUCKET)["Contents"]]
        assert "labels/.keep" in markers  # a night without labels finds the place for them

        application.client.stop_application(ApplicationName=NAME)
        assert application.settled() == "READY"
        snapshots = tmp_path / "state" / "analytics" / "us-east-1" / NAME / "snapshots"
        assert [*snapshots.glob("savepoint-*/_metadata")]
