"""The audit: every field of a decision in Parquet, under names that make a repetition harmless."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import boto3
import numpy as np
import pyarrow as pa
import pyarrow.dataset as ds
import pyarrow.parquet as pq
import pytest
from botocore.exceptions import ClientError
from moto import mock_aws

from feature_groups import FEATURE_NAMES
from inference.decision_log.pieces import Piece
from inference.decision_log.sinks import UnacceptableError, UnavailableError
from inference.decision_log.sinks.audit import AuditSink
from inference.decision_log.sinks.audit_table import audit_table
from inference.decision_log.sinks.stores import store
from processing.lake.audit import AUDIT
from tests.inference.decision_log.records import prediction


def files(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*.parquet")}


def test_a_row_says_everything() -> None:
    table = audit_table([prediction(1)], FEATURE_NAMES)
    assert table.schema == AUDIT
    table.validate(full=True)
    (row,) = table.to_pylist()
    as_json = json.loads(json.dumps(row, default=lambda moment: moment.isoformat()))
    features = dict(row["features_used"])
    assert list(features) == list(FEATURE_NAMES)
    assert [features[name] for name in FEATURE_NAMES[:4]] == [1.5, 1.5, 1.5, None]
    parts = np.linspace(-1, 1, len(FEATURE_NAMES), dtype="<f4").tolist()
    assert row["contributions"] == list(zip(FEATURE_NAMES, parts, strict=True))
    assert as_json["reasons"][0]["value"] == 1.5
    assert as_json["reasons"][1] == {
        "feature": "channel", "value": None, "text_value": "atm", "contribution": None, "direction": None,
        "share": None, "text": "cash",
    }  # fmt: skip
    assert row["features_as_of"]["user"] == datetime.fromisoformat("2026-03-01T12:33:56.789Z")
    assert json.loads(row["signals"]) == {"device_risk": 0.3, "email": "known", "address": None}
    assert (row["rules_live"], row["rules_shadow"]) == (["velocity"], ["night"])
    plain = {"decision_id": "d-00000001", "amount": 123.45, "review_threshold": 0.4, "staleness_ms": 40.0}
    assert {name: row[name] for name in plain} == plain


def test_what_a_decision_did_not_have_is_null() -> None:
    none = ("features_used", "contributions", "features_as_of", "signals", "fraud_probability")
    rules: dict[str, Any] = dict.fromkeys(none)
    table = audit_table([prediction(1), prediction(2, reasons=[], **rules), prediction(3)], FEATURE_NAMES)
    table.validate(full=True)
    assert {name: table[name].null_count for name in none} == dict.fromkeys(none, 1)
    assert [len(row or ()) for row in table["features_used"].to_pylist()] == [50, 0, 50]
    assert audit_table([prediction(2, reasons=[], **rules)], FEATURE_NAMES)["features_used"].null_count == 1


def test_files_are_partitioned_by_the_day_of_the_decision(tmp_path: Path) -> None:
    sink = AuditSink(store(str(tmp_path)), 60)
    late = prediction(2, decided_at="2026-03-02T00:00:00.001Z")
    sink.deliver([Piece("seg", 77, FEATURE_NAMES, [prediction(1), late, prediction(3)])])
    assert sorted(files(tmp_path)) == [
        "date=2026-03-01/seg-000000000077.parquet",
        "date=2026-03-02/seg-000000000077.parquet",
    ]
    found = ds.dataset(tmp_path, partitioning="hive").to_table(columns=["decision_id", "date"])
    assert sorted(zip(*found.to_pydict().values(), strict=True)) == [
        ("d-00000001", "2026-03-01"), ("d-00000002", "2026-03-02"), ("d-00000003", "2026-03-01"),
    ]  # fmt: skip


def test_a_delivery_again_writes_the_same_file(tmp_path: Path) -> None:
    sink = AuditSink(store(str(tmp_path)), 60)
    piece = Piece("seg", 0, FEATURE_NAMES, [prediction(1)])
    sink.deliver([piece])
    before = files(tmp_path)
    sink.deliver([piece])
    assert files(tmp_path) == before
    sink.deliver([piece._replace(records=[prediction(1), prediction(2)])])  # the spool has grown since
    (path,) = tmp_path.rglob("*.parquet")
    assert pq.read_table(path, partitioning=None)["decision_id"].to_pylist() == ["d-00000001", "d-00000002"]


@pytest.mark.parametrize(
    ("changes", "message"),
    [({"features_used": [1.0]}, "has 1 features"), ({"decided_at": "soon"}, "decided_at"),
     ({"timestamp": "yesterday"}, "yesterday")],
)  # fmt: skip
def test_a_record_that_has_no_row_is_unacceptable(tmp_path: Path, changes: Any, message: str) -> None:
    sink = AuditSink(store(str(tmp_path)), 60)
    with pytest.raises(UnacceptableError, match=message):
        sink.deliver([Piece("seg", 0, FEATURE_NAMES, [prediction(1, **changes)])])
    assert files(tmp_path) == {}


def test_a_folder_that_cannot_be_written_is_unavailable(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(UnavailableError, match="Not a directory"):
        AuditSink(store(str(tmp_path / "file" / "x")), 60).deliver(
            [Piece("seg", 0, FEATURE_NAMES, [prediction(1)])]
        )


def test_the_schema_has_a_column_for_every_field_of_a_record() -> None:
    from inference.predictions import Prediction

    assert set(AUDIT.names) == set(Prediction.__struct_fields__)
    assert isinstance(AUDIT, pa.Schema)


def test_an_audit_file_that_is_locked_cannot_be_deleted(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "test")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    with mock_aws():
        s3 = boto3.client("s3")
        s3.create_bucket(Bucket="lake", ObjectLockEnabledForBucket=True)
        sink = AuditSink.create("s3://lake/audit/predictions/", 60, retention_days=10)
        sink.deliver([Piece("seg", 0, FEATURE_NAMES, [prediction(1)])])
        (version,) = s3.list_object_versions(Bucket="lake")["Versions"]
        assert version["Key"] == "audit/predictions/date=2026-03-01/seg-000000000000.parquet"
        one = {"Bucket": "lake", "Key": version["Key"], "VersionId": version["VersionId"]}
        found = s3.head_object(**one)
        assert found["ObjectLockMode"] == "GOVERNANCE"
        assert (found["ObjectLockRetainUntilDate"] - datetime.now(UTC)).days in (9, 10)
        with pytest.raises(ClientError, match="AccessDenied"):
            s3.delete_object(**one)
