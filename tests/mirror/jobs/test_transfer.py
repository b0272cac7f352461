"""SageMaker's rules about S3 prefixes, and archives, on moto's S3 in this process."""

from __future__ import annotations

import io
import tarfile
import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest
from moto.s3.models import s3_backends

from mirror.jobs import storage, transfer
from mirror.jobs.storage import Location, StorageError

ACCOUNT = "111122223333"


@pytest.fixture
def bucket() -> Iterator[str]:
    name = f"bucket-{uuid.uuid4().hex[:8]}"
    backend = s3_backends[ACCOUNT]["aws"]
    backend.create_bucket(name, "us-east-1")
    yield name
    backend.reset()


def _fill(bucket: str, *keys: str) -> None:
    for key in keys:
        storage.write(ACCOUNT, Location(bucket, key), key.encode())


def _files(folder: Path) -> dict[str, str]:
    return {str(p.relative_to(folder)): p.read_text() for p in sorted(folder.rglob("*")) if p.is_file()}


@pytest.mark.parametrize(
    ("prefix", "expected"),
    [
        ("in", ["a", "deep/b"]),
        ("in/", ["a", "deep/b"]),
        ("in/a", ["a"]),
        ("in/deep", ["b"]),
        ("in-", ["in-other/c"]),
        ("", ["in-other/c", "in/a", "in/deep/b", "top"]),
        ("top", ["top"]),
    ],
)
def test_prefixes(bucket: str, tmp_path: Path, prefix: str, expected: list[str]) -> None:
    _fill(bucket, "in/a", "in/deep/b", "in-other/c", "top", "in/empty/")
    uri = f"s3://{bucket}/{prefix}"
    assert transfer.download(ACCOUNT, uri, tmp_path) == len(expected)
    assert sorted(_files(tmp_path)) == expected
    assert all(content.endswith(name) for name, content in _files(tmp_path).items())


@pytest.mark.parametrize("uri", ["s3://{bucket}/nothing", "s3://no-such-bucket/x", "/etc/passwd", "s3://"])
def test_nothing_there(bucket: str, tmp_path: Path, uri: str) -> None:
    with pytest.raises(StorageError):
        transfer.download(ACCOUNT, uri.format(bucket=bucket), tmp_path)


def test_keys_cannot_leave_the_folder(bucket: str, tmp_path: Path) -> None:
    _fill(bucket, "in/../../escape")
    with pytest.raises(StorageError, match="outside"):
        transfer.download(ACCOUNT, f"s3://{bucket}/in", tmp_path / "in")
    assert _files(tmp_path) == {}


def test_archives_cannot_leave_the_folder(bucket: str, tmp_path: Path) -> None:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w:gz") as tar:
        entry = tarfile.TarInfo("../escape")
        entry.size = 1
        tar.addfile(entry, io.BytesIO(b"x"))
    storage.write(ACCOUNT, Location(bucket, "bad.tar.gz"), buffer.getvalue())
    with pytest.raises(StorageError, match="cannot be unpacked"):
        transfer.extract(ACCOUNT, f"s3://{bucket}/bad.tar.gz", tmp_path / "in")
    assert _files(tmp_path) == {}


def test_upload_and_back(bucket: str, tmp_path: Path) -> None:
    source = tmp_path / "source"
    (source / "deep").mkdir(parents=True)
    (source / "a").write_text("1")
    (source / "deep" / "b").write_text("2")
    assert transfer.upload(ACCOUNT, source, f"s3://{bucket}/out") == 2
    assert storage.keys(ACCOUNT, Location(bucket, "out/")) == ["out/a", "out/deep/b"]
    transfer.upload_archive(ACCOUNT, source, Location(bucket, "out.tar.gz"))
    transfer.extract(ACCOUNT, f"s3://{bucket}/out.tar.gz", tmp_path / "back")
    assert _files(tmp_path / "back") == _files(source)
