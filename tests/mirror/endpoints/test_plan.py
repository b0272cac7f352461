"""What an update keeps, refuses and changes, and what a process gets of a model."""

from __future__ import annotations

import io
import tarfile
from pathlib import Path
from typing import Any

import boto3
import pytest
from moto import mock_aws

from mirror.api import Context, ServiceError
from mirror.cloud import Cloud
from mirror.endpoints import artifacts, updates
from mirror.endpoints.plan import MAX_PROCESSES, Plan, processes, retain, summaries


def _variant(name: str = "live", **changes: Any) -> dict[str, Any]:
    base = {"VariantName": name, "Weight": 1.0, "InstanceCount": 1, "InstanceType": "ml.m5.large"}
    return base | {"Image": "image:1"} | changes


def _names(plan: Plan, *fields: str) -> list[tuple[Any, ...]]:
    return [tuple(variant[field] for field in fields) for variant in plan]


def test_retained_properties_are_those_of_the_running_variant() -> None:
    old = [_variant(Weight=0.25, InstanceCount=4)]
    new = [_variant(Image="image:2"), _variant("other")]
    fields = ("Image", "Weight", "InstanceCount")
    assert _names(retain(new, old, set()), *fields) == [("image:2", 0.25, 4), ("image:1", 1.0, 1)]
    assert _names(retain(new, old, {"DesiredWeight"}), *fields)[0] == ("image:2", 1.0, 4)


def test_processes_are_capped_but_reported_as_asked_for() -> None:
    assert [processes(_variant(InstanceCount=count)) for count in (0, 1, 2, 50)] == [1, 1, 2, MAX_PROCESSES]
    assert summaries([_variant(InstanceCount=50)])[0]["CurrentInstanceCount"] == 50


def test_weights_and_counts_change_by_variant_name() -> None:
    desired = [{"VariantName": "live", "DesiredInstanceCount": 2}]
    assert _names(updates.resized([_variant()], desired), "InstanceCount", "Weight") == [(2, 1.0)]
    with pytest.raises(ServiceError, match="absent"):
        updates.resized([_variant()], [{"VariantName": "absent"}])


@pytest.mark.parametrize(
    ("status", "message"),
    [
        ("Creating", "in-progress"),
        ("Updating", "in-progress"),
        ("Deleting", "in-progress"),
        ("Failed", "Failed"),
    ],
)
def test_only_an_endpoint_in_service_is_updated(status: str, message: str) -> None:
    updates.check_updatable({"EndpointArn": "arn", "EndpointStatus": "InService"})
    with pytest.raises(ServiceError, match=message):
        updates.check_updatable({"EndpointArn": "arn", "EndpointStatus": status})


@pytest.mark.parametrize(
    "new",
    [[], [_variant("other")], [_variant(InstanceType="ml.c5.xlarge")]],
    ids=["removed", "renamed", "type"],
)
def test_a_scalable_variant_keeps_its_name_and_type(tmp_path: Path, new: Plan) -> None:
    ctx = Context(Cloud(tmp_path), "us-east-1")
    with mock_aws():
        scaling = boto3.client(
            "application-autoscaling",
            region_name="us-east-1",
            aws_access_key_id="test",
            aws_secret_access_key="test",
        )
        updates.check_scalable_targets(ctx, "e", [_variant()], new)
        scaling.register_scalable_target(
            ServiceNamespace="sagemaker",
            ResourceId="endpoint/e/variant/live",
            ScalableDimension="sagemaker:variant:DesiredInstanceCount",
            MinCapacity=1,
            MaxCapacity=2,
        )
        updates.check_scalable_targets(ctx, "e", [_variant()], [_variant(Image="image:2")])
        with pytest.raises(ServiceError, match=r'"\[live\]" must be deregistered as a scalable target'):
            updates.check_scalable_targets(ctx, "e", [_variant()], new)


def _archive(**files: bytes) -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w:gz") as archive:
        for name, content in files.items():
            info = tarfile.TarInfo(name)
            info.size = len(content)
            archive.addfile(info, io.BytesIO(content))
    return buffer.getvalue()


@pytest.fixture
def stored(monkeypatch: pytest.MonkeyPatch) -> dict[str, bytes]:
    objects: dict[str, bytes] = {}
    monkeypatch.setattr(artifacts, "_download", lambda _cloud, url: objects[url])
    return objects


def test_model_data_is_extracted_once_per_content(tmp_path: Path, stored: dict[str, bytes]) -> None:
    cloud = Cloud(tmp_path)
    stored["s3://b/1"] = stored["s3://b/2"] = _archive(a=b"1")
    stored["s3://b/3"] = _archive(a=b"3")
    first, second, third = (artifacts.fetch(cloud, f"s3://b/{number}") for number in (1, 2, 3))
    assert first == second != third
    assert (third / "a").read_bytes() == b"3"
    empty = artifacts.fetch(cloud, None)
    assert list(empty.iterdir()) == []
    artifacts.sweep(cloud, [str(third)])
    assert [path.exists() for path in (first, third, empty)] == [False, True, False]


@pytest.mark.parametrize(
    "content", [b"", b"not an archive", _archive(a=b"1" * 10_000)[:-30]], ids=["empty", "other", "cut short"]
)
def test_broken_archives_are_refused(tmp_path: Path, stored: dict[str, bytes], content: bytes) -> None:
    stored["s3://b/k"] = content
    with pytest.raises(artifacts.ArtifactError, match="Failed to extract model data"):
        artifacts.fetch(Cloud(tmp_path), "s3://b/k")


def test_an_archive_cannot_write_outside_its_directory(tmp_path: Path, stored: dict[str, bytes]) -> None:
    stored["s3://b/k"] = _archive(**{"../../outside": b"1"})
    with pytest.raises(artifacts.ArtifactError, match="outside"):
        artifacts.fetch(Cloud(tmp_path), "s3://b/k")
    assert not list(tmp_path.rglob("outside"))
