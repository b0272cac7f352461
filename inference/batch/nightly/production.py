"""The model in production: the newest approved package of the registry, and its archive."""

from __future__ import annotations

import io
import tarfile
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import urlsplit

_SHADOW = "shadow"  # approved to be watched, not to decide


class Package(NamedTuple):
    """An approved model.

    Attributes:
        label: what decisions call it, as the endpoint does: group and version.
        archive: S3 address of its model.tar.gz.
    """

    label: str
    archive: str


def newest_approved(sagemaker: Any, group: str) -> Package | None:
    """The approved package with the highest version that may decide; None when there is none.

    Raises:
        ClientError: the registry cannot be read.
    """
    names = [
        found["ModelPackageGroupName"]
        for page in sagemaker.get_paginator("list_model_package_groups").paginate(NameContains=group)
        for found in page["ModelPackageGroupSummaryList"]
    ]
    if group not in names:
        return None
    pages = sagemaker.get_paginator("list_model_packages").paginate(
        ModelPackageGroupName=group, ModelApprovalStatus="Approved"
    )
    summaries = [summary for page in pages for summary in page["ModelPackageSummaryList"]]
    for summary in sorted(summaries, key=lambda item: -int(item["ModelPackageVersion"])):
        package = sagemaker.describe_model_package(ModelPackageName=summary["ModelPackageArn"])
        if package["ModelPackageStatus"] == "Completed" and _SHADOW not in package.get(
            "CustomerMetadataProperties", {}
        ):
            [container, *_] = package["InferenceSpecification"]["Containers"]
            return Package(f"{group}/{package['ModelPackageVersion']}", container["ModelDataUrl"])
    return None


def fetch(s3: Any, archive: str, folder: Path) -> None:
    """Unpack a model's archive into a folder.

    Raises:
        ClientError: it is not there.
        ValueError: it is no archive.
    """
    place = urlsplit(archive)
    content = s3.get_object(Bucket=place.netloc, Key=place.path.lstrip("/"))["Body"].read()
    try:
        with tarfile.open(fileobj=io.BytesIO(content)) as packed:
            packed.extractall(folder, filter="data")
    except (tarfile.TarError, OSError) as error:
        raise ValueError(f"{archive}: no model archive: {error}") from error
