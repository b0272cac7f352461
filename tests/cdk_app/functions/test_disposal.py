"""Disposable data is deleted completely, against moto's S3."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import boto3
import pytest
from moto import mock_aws

from cdk_app.functions.clock import StillInProgressError
from cdk_app.functions.disposal.empty import empty_bucket, empty_package_group, stop_access_logs
from tests.cdk_app.functions.fakes import GROUP, FakeSageMaker, deadline

BUCKET = "lake"


@pytest.fixture
def s3() -> Iterator[Any]:
    with mock_aws():
        client = boto3.client("s3", region_name="us-east-1")
        client.create_bucket(Bucket=BUCKET)
        client.put_bucket_versioning(Bucket=BUCKET, VersioningConfiguration={"Status": "Enabled"})
        yield client


def test_every_version_and_every_delete_marker_goes(s3: Any) -> None:
    for index in range(1_100):  # more than a page
        s3.put_object(Bucket=BUCKET, Key=f"raw/{index}", Body=b"one")
    s3.put_object(Bucket=BUCKET, Key="raw/0", Body=b"two")
    s3.delete_object(Bucket=BUCKET, Key="raw/1")

    assert empty_bucket(s3, BUCKET, deadline()) == 1_102

    s3.delete_bucket(Bucket=BUCKET)


def test_running_out_of_time_leaves_the_rest_for_the_next_run(s3: Any) -> None:
    s3.put_object(Bucket=BUCKET, Key="raw/0", Body=b"one")
    with pytest.raises(StillInProgressError):
        empty_bucket(s3, BUCKET, deadline(looks=0))
    assert empty_bucket(s3, BUCKET, deadline()) == 0


def test_a_missing_bucket_is_empty(s3: Any) -> None:
    stop_access_logs(s3, ["gone"])
    assert empty_bucket(s3, "gone", deadline()) == 0


def test_buckets_stop_logging_into_one_another(s3: Any) -> None:
    s3.create_bucket(Bucket="lake-logs")
    policy = (
        '{"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "s3:PutObject", '
        '"Principal": {"Service": "logging.s3.amazonaws.com"}, "Resource": "arn:aws:s3:::lake-logs/*"}]}'
    )
    s3.put_bucket_policy(Bucket="lake-logs", Policy=policy)
    target = {"LoggingEnabled": {"TargetBucket": "lake-logs", "TargetPrefix": "lake/"}}
    s3.put_bucket_logging(Bucket=BUCKET, BucketLoggingStatus=target)

    stop_access_logs(s3, [BUCKET, "lake-logs"])

    assert "LoggingEnabled" not in s3.get_bucket_logging(Bucket=BUCKET)


def test_every_package_goes() -> None:
    sagemaker = FakeSageMaker()
    for status in ("Approved", "Rejected", "PendingManualApproval"):
        sagemaker.register(status)

    assert empty_package_group(sagemaker, GROUP, deadline()) == 3
    assert not sagemaker.packages
