"""The journal: what it holds, when entries leave it, and what replaying them restores."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import boto3
import pytest
from moto import mock_aws
from moto.s3.models import s3_backends

from mirror.snapshots.service import Snapshots

REGION = "us-east-1"


@pytest.fixture(autouse=True)
def _moto() -> object:
    with mock_aws():
        yield


def _with_bucket(directory: Path) -> Snapshots:
    boto3.client("s3", REGION).create_bucket(Bucket="lake")
    snapshots = Snapshots(directory)
    snapshots.write()
    return snapshots


def _restarted(snapshots: Snapshots, directory: Path) -> Snapshots:
    snapshots._journal.close()
    snapshots._blobs.close()
    s3_backends.reset()
    again = Snapshots(directory)
    again.start()
    return again


def _body(key: str) -> bytes:
    body: bytes = boto3.client("s3", REGION).get_object(Bucket="lake", Key=key)["Body"].read()
    return body


def test_objects_written_after_the_snapshot_come_back_with_versions_and_tags(tmp_path: Path) -> None:
    s3 = boto3.client("s3", REGION)
    snapshots = _with_bucket(tmp_path)
    s3.put_bucket_versioning(Bucket="lake", VersioningConfiguration={"Status": "Enabled"})
    s3.put_object(Bucket="lake", Key="a", Body=b"1")
    s3.put_object(Bucket="lake", Key="a", Body=b"2", Tagging="kind=x", Metadata={"m": "n"})
    snapshots.record("lake", ["a"])
    long_key = "k" * 1024
    s3.put_object(Bucket="lake", Key=long_key, Body=b"3")
    s3.delete_object(Bucket="lake", Key=long_key)
    snapshots.record("lake", [long_key])

    again = _restarted(snapshots, tmp_path)

    versions = s3.list_object_versions(Bucket="lake")
    assert [(v["Key"], v["IsLatest"]) for v in versions["Versions"]].count(("a", True)) == 1
    assert len(versions["Versions"]) == 3
    assert [marker["Key"] for marker in versions["DeleteMarkers"]] == [long_key]
    assert _body("a") == b"2"
    assert s3.head_object(Bucket="lake", Key="a")["Metadata"] == {"m": "n"}
    assert s3.get_object_tagging(Bucket="lake", Key="a")["TagSet"] == [{"Key": "kind", "Value": "x"}]
    again.stop()


def test_a_deleted_object_stays_deleted(tmp_path: Path) -> None:
    s3 = boto3.client("s3", REGION)
    s3.create_bucket(Bucket="lake")
    s3.put_object(Bucket="lake", Key="a", Body=b"1")
    snapshots = _with_bucket(tmp_path)
    s3.delete_object(Bucket="lake", Key="a")
    snapshots.record("lake", ["a"])
    again = _restarted(snapshots, tmp_path)
    assert "Contents" not in s3.list_objects_v2(Bucket="lake")
    again.stop()


def test_a_snapshot_drops_the_entries_it_contains_and_keeps_the_bodies_of_later_ones(tmp_path: Path) -> None:
    s3 = boto3.client("s3", REGION)
    snapshots = _with_bucket(tmp_path)
    s3.put_object(Bucket="lake", Key="a", Body=b"1")
    snapshots.record("lake", ["a"])
    covered = snapshots._journal.sequence
    s3.put_object(Bucket="lake", Key="b", Body=b"2")
    snapshots.record("lake", ["b"])
    snapshots._journal.settle(covered, set())  # of a snapshot that began between the two
    assert snapshots._journal._env.stat()["entries"] == 1
    assert snapshots._blobs._env.stat()["entries"] == 1
    again = _restarted(snapshots, tmp_path)
    assert _body("b") == b"2"
    again.write()
    assert again._journal._env.stat()["entries"] == 0
    again.stop()


def test_a_body_is_written_once_by_journal_and_snapshot(tmp_path: Path) -> None:
    snapshots = _with_bucket(tmp_path)
    boto3.client("s3", REGION).put_object(Bucket="lake", Key="a", Body=b"1")
    snapshots.record("lake", ["a"])
    snapshots.record("lake", ["a"])
    snapshots.write()
    assert snapshots._blobs._env.stat()["entries"] == 1


def test_a_write_to_a_bucket_younger_than_the_snapshot_saves_the_bucket(tmp_path: Path) -> None:
    s3 = boto3.client("s3", REGION)
    snapshots = Snapshots(tmp_path)
    s3.create_bucket(Bucket="lake")
    s3.put_object(Bucket="lake", Key="a", Body=b"1")
    snapshots.record("lake", ["a"])
    again = _restarted(snapshots, tmp_path)
    assert _body("a") == b"1"
    again.stop()


def test_entries_of_a_bucket_that_is_gone_are_skipped(tmp_path: Path) -> None:
    s3 = boto3.client("s3", REGION)
    snapshots = _with_bucket(tmp_path)
    s3.put_object(Bucket="lake", Key="a", Body=b"1")
    snapshots.record("lake", ["a"])
    s3.delete_object(Bucket="lake", Key="a")
    s3.delete_bucket(Bucket="lake")
    journal = snapshots._journal
    journal.settle, settle = lambda *_: None, journal.settle  # type: ignore[method-assign]
    snapshots.write()
    journal.settle = settle  # type: ignore[method-assign]
    again = _restarted(snapshots, tmp_path)
    assert s3.list_buckets()["Buckets"] == []
    again.stop()


def test_s3_writes_wait_until_the_snapshot_is_back(tmp_path: Path) -> None:
    calls: list[str] = []
    snapshots = Snapshots(tmp_path)

    def app(_environ: dict[str, Any], start_response: Any) -> list[bytes]:
        start_response("200 OK", [])
        return []

    environ = {"REQUEST_METHOD": "PUT", "RAW_URI": "/lake", "QUERY_STRING": "", "wsgi.input": None}
    watched = snapshots.watch(app)
    watched(environ, lambda status, *_: calls.append(status))
    assert not (tmp_path / "state.pickle").exists()
    snapshots.start()
    watched(environ, lambda status, *_: calls.append(status))
    assert (tmp_path / "state.pickle").exists()
    assert calls == ["503 Service Unavailable", "200 OK"]
    snapshots.stop()
