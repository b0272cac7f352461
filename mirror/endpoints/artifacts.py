"""Model data: fetched from the mirror's S3 and extracted once, however many processes read it."""

from __future__ import annotations

import hashlib
import io
import shutil
import tarfile
import tempfile
from collections.abc import Iterable
from pathlib import Path

from mirror.cloud import Cloud
from mirror.jobs import storage


class ArtifactError(Exception):
    """The model data is missing or is not what it should be; the message is for FailureReason."""


def fetch(cloud: Cloud, url: str | None) -> Path:
    """The directory with the extracted ``model.tar.gz``; an empty one without `url`.

    The directory is named by the archive's content and never changes afterwards.

    Raises:
        ArtifactError: the object is missing, or is not a gzip tar archive of plain files.
    """
    content = b"" if url is None else _download(cloud, url)
    target = _root(cloud) / hashlib.sha256(content).hexdigest()[:32]
    if target.is_dir():
        return target
    target.parent.mkdir(parents=True, exist_ok=True)
    partial = Path(tempfile.mkdtemp(dir=target.parent, prefix="partial-"))
    try:
        if url is not None:
            _extract(content, url, partial)
        try:
            partial.rename(target)
        except OSError:  # another thread was first
            if not target.is_dir():
                raise
    finally:
        shutil.rmtree(partial, ignore_errors=True)
    return target


def sweep(cloud: Cloud, used: Iterable[str]) -> None:
    """Delete extracted model data that nothing in `used` refers to."""
    keep = {Path(path).name for path in used}
    for directory in _root(cloud).glob("*"):
        if directory.name not in keep:
            shutil.rmtree(directory, ignore_errors=True)


def _root(cloud: Cloud) -> Path:
    return cloud.state_dir / "endpoints" / "model-data"


def _download(cloud: Cloud, url: str) -> bytes:
    try:
        return storage.read(cloud.account, storage.Location.parse(url))
    except storage.StorageError as error:
        raise ArtifactError(
            f'Failed to download model data for container "container_1" from URL "{url}". Please ensure '
            f"that there is an object located at the URL: {error}"
        ) from error


def _extract(content: bytes, url: str, target: Path) -> None:
    try:
        with tarfile.open(fileobj=io.BytesIO(content), mode="r:gz") as archive:
            archive.extractall(target, filter="data")  # refuses links and paths out of `target`
    except (tarfile.TarError, EOFError, OSError) as error:
        raise ArtifactError(f'Failed to extract model data from URL "{url}": {error}') from error
