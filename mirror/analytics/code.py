"""An application's zip: fetched when it is created or updated, unpacked once for each content."""

from __future__ import annotations

import hashlib
import io
import os
import shutil
import tempfile
import zipfile
from pathlib import Path

from mirror.api import Context, Document, ServiceError
from mirror.jobs.storage import Location, StorageError, read


def load(ctx: Context, configuration: Document, known: Document | None = None) -> Document:
    """Keep the code that a configuration names; what the document remembers of it.

    Args:
        known: what it remembers of the code before an update, which stays when none is given.

    Raises:
        ServiceError: there is no such object, or it is not a zip file.
    """
    content = configuration["ApplicationCodeConfiguration"].get("CodeContent", {})
    zipped = content.pop("ZipFileContent", None)
    if zipped is None and known is not None and "S3ContentLocation" not in content:
        return known
    if zipped is None:
        zipped = _from_s3(ctx, content.get("S3ContentLocation"))
    if not zipfile.is_zipfile(io.BytesIO(zipped)):
        raise ServiceError("CodeValidationException", "CodeContent: it is not a zip file")
    # MD5 is what the service tells of the code.
    code = {"MD5": hashlib.md5(zipped, usedforsecurity=False).hexdigest(), "Size": len(zipped)}
    target = folder(ctx, code)
    if not target.exists():
        _unpack(zipped, target)
    return code


def folder(ctx: Context, code: Document) -> Path:
    """Where the code is unpacked."""
    return ctx.cloud.state_dir / "analytics" / "code" / str(code["MD5"])


def _from_s3(ctx: Context, location: Document | None) -> bytes:
    if location is None:
        raise ServiceError(
            "InvalidArgumentException", "CodeContent: give S3ContentLocation or ZipFileContent"
        )
    bucket = location["BucketARN"].rpartition(":")[2]
    try:
        return read(ctx.account, Location(bucket, location["FileKey"]), location.get("ObjectVersion"))
    except StorageError as error:
        raise ServiceError(
            "InvalidApplicationConfigurationException", f"S3ContentLocation: {error}"
        ) from error


def _unpack(zipped: bytes, target: Path) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    temporary = Path(tempfile.mkdtemp(dir=target.parent))
    with zipfile.ZipFile(io.BytesIO(zipped)) as archive:
        archive.extractall(temporary)
    try:
        os.replace(temporary, target)  # noqa: PTH105 - atomic also when another thread was faster
    except OSError:
        shutil.rmtree(temporary)
