"""Deletes the contents of a bucket or of a model package group."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from botocore.exceptions import ClientError

from cdk_app.functions.clock import Deadline


def stop_access_logs(s3: Any, buckets: Sequence[str]) -> None:
    """Keep `buckets` from writing access logs into one another while they are being emptied."""
    for bucket in buckets:
        with suppress_missing_bucket():
            s3.put_bucket_logging(Bucket=bucket, BucketLoggingStatus={})


def empty_bucket(s3: Any, bucket: str, deadline: Deadline) -> int:
    """Delete every version of every object; the number of versions deleted.

    Raises:
        StillInProgressError: more are left than the invocation's time allows.
        RuntimeError: S3 refuses to delete an object.
    """
    deleted = 0
    with suppress_missing_bucket():
        while versions := _some_versions(s3, bucket):
            answer = s3.delete_objects(Bucket=bucket, Delete={"Objects": versions, "Quiet": True})
            if errors := answer.get("Errors"):
                raise RuntimeError(f"{bucket}: cannot delete {errors[0]['Key']}: {errors[0]['Message']}")
            deleted += len(versions)
            deadline.check(f"bucket {bucket} to be empty")
    return deleted


def _some_versions(s3: Any, bucket: str) -> list[dict[str, str]]:
    """Up to 1,000 versions and delete markers: what one request lists, and one deletes."""
    page = s3.list_object_versions(Bucket=bucket)
    found = [*page.get("Versions", []), *page.get("DeleteMarkers", [])]
    return [{"Key": version["Key"], "VersionId": version["VersionId"]} for version in found]


@contextmanager
def suppress_missing_bucket() -> Iterator[None]:
    """A bucket that is gone already is as empty as it can be."""
    try:
        yield
    except ClientError as error:
        if error.response["Error"]["Code"] != "NoSuchBucket":
            raise


def empty_package_group(sagemaker: Any, group: str, deadline: Deadline) -> int:
    """Delete every package of a group; the number of packages deleted."""
    pages = sagemaker.get_paginator("list_model_packages").paginate(ModelPackageGroupName=group)
    arns = [summary["ModelPackageArn"] for page in pages for summary in page["ModelPackageSummaryList"]]
    for arn in arns:
        sagemaker.delete_model_package(ModelPackageName=arn)
        deadline.check(f"model package group {group} to be empty")
    return len(arns)
