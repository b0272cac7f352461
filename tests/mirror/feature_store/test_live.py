"""The Feature Store through boto3 and a running mirror."""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import awswrangler as wr
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError

from tests.mirror.conftest import StartMirror
from tests.mirror.feature_store.groups import FEATURES, wire
from tests.mirror.running import RunningMirror

pytestmark = pytest.mark.slow

ROLE = "arn:aws:iam::123456789012:role/features"


def create(mirror: RunningMirror, name: str, **overrides: Any) -> str:
    response = mirror.client("sagemaker").create_feature_group(
        FeatureGroupName=name,
        RecordIdentifierFeatureName="id",
        EventTimeFeatureName="t",
        FeatureDefinitions=[{"FeatureName": k, "FeatureType": v} for k, v in FEATURES.items()],
        **({"OnlineStoreConfig": {"EnableOnlineStore": True}} | overrides),
    )
    arn: str = response["FeatureGroupArn"]
    return arn


def offline(mirror: RunningMirror, bucket: str) -> dict[str, Any]:
    mirror.client("s3").create_bucket(Bucket=bucket)
    return {
        "OfflineStoreConfig": {"S3StorageConfig": {"S3Uri": f"s3://{bucket}/features/"}},
        "RoleArn": ROLE,
    }


def read_offline(mirror: RunningMirror, group: str, rows: int) -> Any:
    """The offline store through awswrangler, as soon as it has `rows` rows."""
    found = mirror.client("sagemaker").describe_feature_group(FeatureGroupName=group)
    path = found["OfflineStoreConfig"]["S3StorageConfig"]["ResolvedOutputS3Uri"]
    wr.config.s3_endpoint_url = mirror.endpoint_url
    deadline = time.monotonic() + 20
    while True:
        try:
            frame = wr.s3.read_parquet(path, dataset=True)
            if len(frame) >= rows:
                return frame
        except wr.exceptions.NoFilesFound:
            pass
        assert time.monotonic() < deadline, "the offline store did not fill"
        time.sleep(0.2)


@pytest.fixture(autouse=True)
def _credentials(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in {
        "AWS_ACCESS_KEY_ID": "mirror",
        "AWS_SECRET_ACCESS_KEY": "mirror",
        "AWS_DEFAULT_REGION": "us-east-1",
    }.items():
        monkeypatch.setenv(name, value)


def test_every_runtime_operation_through_boto3(mirror: RunningMirror) -> None:
    arn = create(mirror, "everything", OnlineStoreConfig={"StorageType": "InMemory"})
    store = mirror.client("sagemaker-featurestore-runtime")
    record = wire(id="ü/1 &?", t="2026-01-01T00:00:00Z", amount="1.5")
    store.put_record(FeatureGroupName="everything", Record=record)
    key = {"FeatureGroupName": arn, "RecordIdentifierValueAsString": "ü/1 &?"}
    assert store.get_record(**key)["Record"] == record
    assert store.get_record(**key, FeatureNames=["id", "amount"])["Record"] == [record[0], record[2]]
    store.update_record(**key, Features=wire(note="x"))
    assert store.list_records(FeatureGroupName=arn)["RecordIdentifiers"] == ["ü/1 &?"]
    entries = [{"FeatureGroupName": arn, "Record": wire(id="2", t="2026-01-01T00:00:00Z")}]
    ttl = {"Unit": "Weeks", "Value": 9999}
    assert store.batch_write_record(Entries=entries, TtlDuration=ttl)["Errors"] == []
    identifiers = [{"FeatureGroupName": arn, "RecordIdentifiersValueAsString": ["ü/1 &?", "2", "3"]}]
    batch = store.batch_get_record(Identifiers=identifiers, ExpirationTimeResponse="Enabled")
    assert [found["Record"][-1] for found in batch["Records"]] == [*wire(note="x"), entries[0]["Record"][-1]]
    assert ["ExpiresAt" in found for found in batch["Records"]] == [False, True]
    store.delete_record(**key, EventTime="2026-01-02T00:00:00Z", TargetStores=["OnlineStore"])
    assert "Record" not in store.get_record(**key)


def test_errors_are_the_models_own(mirror: RunningMirror) -> None:
    create(mirror, "errors")
    store = mirror.client("sagemaker-featurestore-runtime")
    with pytest.raises(store.exceptions.ValidationError, match="colour"):
        store.put_record(FeatureGroupName="errors", Record=wire(id="1", colour="red"))
    with pytest.raises(store.exceptions.ResourceNotFound):
        store.get_record(FeatureGroupName="absent", RecordIdentifierValueAsString="1")
    sagemaker = mirror.client("sagemaker")
    with pytest.raises(sagemaker.exceptions.ResourceInUse):
        create(mirror, "errors")
    with pytest.raises(ClientError, match=r"FeatureGroupStatusEquals.*enum value set"):
        sagemaker.list_feature_groups(FeatureGroupStatusEquals="Fine")


def test_the_offline_store_is_partitioned_parquet(mirror: RunningMirror) -> None:
    create(mirror, "history", **offline(mirror, "history-lake"))
    store = mirror.client("sagemaker-featurestore-runtime")
    store.put_record(
        FeatureGroupName="history", Record=wire(id="1", t="2026-01-01T05:59:59.999Z", amount="1.5")
    )
    store.put_record(FeatureGroupName="history", Record=wire(id="1", t="2025-12-31T23:00:00Z", count="7"))
    store.delete_record(
        FeatureGroupName="history",
        RecordIdentifierValueAsString="1",
        EventTime="2026-01-02T00:00:00Z",
    )
    frame = read_offline(mirror, "history", 3).sort_values("t")
    assert list(frame["t"]) == ["2025-12-31T23:00:00Z", "2026-01-01T05:59:59.999Z", "2026-01-02T00:00:00Z"]
    assert list(frame["is_deleted"]) == [False, False, True]
    assert list(frame["hour"]) == ["23", "05", "00"]
    assert frame["amount"].iloc[1] == 1.5
    assert frame["count"].iloc[0] == 7
    assert frame["amount"].isna().sum() == 2
    assert str(frame["write_time"].dtype).startswith("datetime64")
    tables = mirror.client("glue").get_tables(DatabaseName="sagemaker_featurestore")["TableList"]
    assert [c["Name"] for c in tables[0]["StorageDescriptor"]["Columns"]][-3:] == [
        "write_time",
        "api_invocation_time",
        "is_deleted",
    ]


def test_a_missing_bucket_is_refused_by_name(mirror: RunningMirror) -> None:
    config = {"OfflineStoreConfig": {"S3StorageConfig": {"S3Uri": "s3://not-there/x"}}, "RoleArn": ROLE}
    with pytest.raises(ClientError, match=r"'not-there'.*create it first"):
        create(mirror, "homeless", **config)


def test_a_group_can_be_deleted_after_its_bucket(mirror: RunningMirror) -> None:
    create(mirror, "orphan", **offline(mirror, "orphan-lake"))
    mirror.client("s3").delete_bucket(Bucket="orphan-lake")
    mirror.client("sagemaker-featurestore-runtime").put_record(
        FeatureGroupName="orphan", Record=wire(id="u1", t="2026-01-01T00:00:00Z")
    )
    sagemaker = mirror.client("sagemaker")
    sagemaker.delete_feature_group(FeatureGroupName="orphan")
    with pytest.raises(ClientError, match="does not exist"):
        sagemaker.describe_feature_group(FeatureGroupName="orphan")
    assert "1 rows given up" in mirror.log.read_text()


def test_every_acknowledged_record_survives_a_kill(start_mirror: StartMirror) -> None:
    mirror = start_mirror()
    create(mirror, "durable", **offline(mirror, "durable-lake"))
    acknowledged: list[int] = []
    client = mirror.client("sagemaker-featurestore-runtime")
    client.meta.config.merge(Config(retries={"max_attempts": 0}))

    def put(number: int) -> None:
        record = wire(id=f"u{number}", t="2026-01-01T00:00:00Z", count=str(number))
        client.put_record(FeatureGroupName="durable", Record=record)
        acknowledged.append(number)
        if number == 300:
            mirror.kill()

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(_ignore_errors(put), range(330)))
    assert 300 in acknowledged
    time.sleep(0.2)
    mirror.start()
    missing = [
        number
        for number in acknowledged
        if client.get_record(FeatureGroupName="durable", RecordIdentifierValueAsString=f"u{number}").get(
            "Record"
        )
        != wire(id=f"u{number}", t="2026-01-01T00:00:00Z", count=str(number))
    ]
    assert missing == []
    frame = read_offline(mirror, "durable", len(acknowledged))
    assert set(acknowledged) <= set(frame["count"])


def _ignore_errors(act: Any) -> Any:
    def run(number: int) -> None:
        try:
            act(number)
        except Exception:
            return

    return run
