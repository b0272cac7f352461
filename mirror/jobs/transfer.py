"""Files of a job from and to S3, with SageMaker's rules about prefixes."""

from __future__ import annotations

import io
import json
import posixpath
import tarfile
from pathlib import Path, PurePosixPath

from mirror.jobs import storage
from mirror.jobs.storage import Location, StorageError


def download(account: str, uri: str, destination: Path) -> int:
    """Fetch the object `uri`, or everything below the prefix `uri`, into the folder `destination`.

    Returns the number of objects.

    Raises:
        StorageError: nothing is there, or a key would leave `destination`.
    """
    count = download_if_any(account, uri, destination)
    if not count:
        raise StorageError(
            f'No S3 objects found under S3 URL "{uri}" given in input data source. Please ensure that '
            "the bucket exists and that objects exist under that S3 prefix."
        )
    return count


def download_if_any(account: str, uri: str, destination: Path) -> int:
    """As `download`, but nothing there is no error: returns 0."""
    location = Location.parse(uri)
    base, names = _select(account, location)
    for name in names:
        _place(account, Location(location.bucket, base + name), destination, name)
    return len(names)


def download_manifest(account: str, uri: str, destination: Path) -> int:
    """Fetch the objects that a manifest lists: ``[{"prefix": "s3://bucket/base/"}, "key", ...]``.

    Raises:
        StorageError: the manifest or an object of it is missing or malformed.
    """
    try:
        head, *names = json.loads(storage.read(account, Location.parse(uri)))
        base = Location.parse(head["prefix"])
    except (ValueError, TypeError, KeyError) as error:
        raise StorageError(f'{uri}: a manifest is [{{"prefix": "s3://..."}}, "key", ...]') from error
    for name in names:
        _place(account, Location(base.bucket, base.key + str(name)), destination, str(name))
    return len(names)


def upload(account: str, source: Path, uri: str) -> int:
    """Store every file below `source` under the prefix `uri`; returns their number.

    Raises:
        StorageError: the bucket does not exist.
    """
    target = Location.parse(uri)
    files = sorted(path for path in source.rglob("*") if path.is_file())
    for path in files:
        storage.write(account, target.child(path.relative_to(source).as_posix()), path.read_bytes())
    return len(files)


def upload_archive(account: str, source: Path, location: Location) -> None:
    """Store the files below `source` as one ``tar.gz``.

    Raises:
        StorageError: the bucket does not exist.
    """
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w:gz", compresslevel=1) as archive:
        for path in sorted(source.iterdir()):
            archive.add(path, arcname=path.name)
    storage.write(account, location, buffer.getvalue())


def extract(account: str, uri: str, destination: Path) -> None:
    """Unpack the ``tar.gz`` at `uri` into `destination`.

    Raises:
        StorageError: it is missing, or not a tar archive, or would write outside `destination`.
    """
    content = storage.read(account, Location.parse(uri))
    try:
        with tarfile.open(fileobj=io.BytesIO(content)) as archive:
            archive.extractall(destination, filter="data")
    except (tarfile.TarError, OSError) as error:
        raise StorageError(f"{uri} cannot be unpacked: {error}") from error


def _select(account: str, location: Location) -> tuple[str, list[str]]:
    """The base to strip and the names to fetch: a single object, a folder, or a bare prefix."""
    found = storage.keys(account, location)
    if location.key in found:
        folder, _, name = location.key.rpartition("/")
        return (f"{folder}/" if folder else "", [name]) if name else (location.key, [])
    folder_prefix = location.key if location.key.endswith("/") or not location.key else f"{location.key}/"
    inside = [key for key in found if key.startswith(folder_prefix)]
    base = folder_prefix if inside else location.key[: location.key.rfind("/") + 1]
    chosen = inside or found
    return base, [key[len(base) :] for key in chosen if not key.endswith("/")]


def _place(account: str, source: Location, destination: Path, name: str) -> None:
    relative = PurePosixPath(posixpath.normpath(name))
    if relative.is_absolute() or relative.parts[:1] == ("..",):
        raise StorageError(f"{source.uri}: the key would be written outside the job's folder")
    path = destination / relative
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(storage.read(account, source))
