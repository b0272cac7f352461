"""Every prefix of the lake exists from the consumer's first start on."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from typing import Any

import boto3
import pytest
from botocore.exceptions import EndpointConnectionError
from moto import mock_aws

from feature_groups.names import Names
from processing.stream.lake_layout import LakeLayout

ACCOUNT, REGION = "123456789012", "eu-west-1"
MARKERS = [
    "analytics/.keep",
    "audit/.keep",
    "labels/.keep",
    "models/.keep",
    "processed/aggregates/.keep",
    "processed/batch_scores/.keep",
    "processed/features/.keep",
    f"processed/features/{ACCOUNT}/sagemaker/{REGION}/offline-store/fraudline-test-user-profile-.keep",
    "processed/training_sets/.keep",
    "raw/transactions/.keep",
]


@pytest.fixture
def s3(monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "testing")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "testing")
    with mock_aws():
        client = boto3.client("s3", region_name=REGION)
        client.create_bucket(Bucket="lake", CreateBucketConfiguration={"LocationConstraint": REGION})
        client.put_bucket_versioning(Bucket="lake", VersioningConfiguration={"Status": "Enabled"})
        yield client


def layout(s3: Any, sts: Any = None) -> LakeLayout:
    sts = sts or boto3.client("sts", region_name=REGION)
    return LakeLayout(s3, sts, Names("test"), "lake", threading.Event())


def test_every_prefix_gets_one_empty_object(s3: Any) -> None:
    for _ in range(2):
        layout(s3).lay_out()
    versions = s3.list_object_versions(Bucket="lake")["Versions"]
    assert [version["Key"] for version in versions] == MARKERS
    assert {version["Size"] for version in versions} == {0}


def test_what_is_there_stays(s3: Any) -> None:
    s3.put_object(Bucket="lake", Key="labels/.keep", Body=b"mine")
    layout(s3).lay_out()
    assert s3.get_object(Bucket="lake", Key="labels/.keep")["Body"].read() == b"mine"


def test_it_is_tried_until_it_succeeds(s3: Any) -> None:
    class Unreachable:
        calls = 0

        def get_caller_identity(self) -> dict[str, str]:
            self.calls += 1
            if self.calls == 1:
                raise EndpointConnectionError(endpoint_url="https://sts")
            return {"Account": ACCOUNT}

    layout(s3, Unreachable()).start()
    end = time.monotonic() + 10
    while s3.list_objects_v2(Bucket="lake").get("KeyCount", 0) < len(MARKERS):
        assert time.monotonic() < end
        time.sleep(0.01)
