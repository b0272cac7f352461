"""The model in production, and its archive."""

from __future__ import annotations

import io
import tarfile
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import urlsplit

from processing.registry.production import in_production


class Package(NamedTuple):
    """An approved model.

    Attributes:
        label: what decisions call it, as the endpoint does: group and version.
        archive: S3 address of its model.tar.gz.
    """

    label: str
    archive: str


def package_in_production(sagemaker: Any, group: str, endpoint: str) -> Package | None:
    """The package that FindChampion and the deployer call in production; None when there is none.

    Raises:
        ClientError: the registry or the endpoint cannot be read.
    """
    package = in_production(sagemaker, group, endpoint)
    if package is None:
        return None
    [container, *_] = package["InferenceSpecification"]["Containers"]
    return Package(f"{group}/{package['ModelPackageVersion']}", container["ModelDataUrl"])


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
