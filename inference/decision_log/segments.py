"""The files of a spool: their names, and whether somebody still writes to one.

A writer holds a lock on its segment for as long as it may append. The kernel lets go of it when the
process ends, however it ends: no segment waits for a writer that is gone.
"""

from __future__ import annotations

import errno
import fcntl
import os
import re
import time
from pathlib import Path
from typing import NamedTuple

SUFFIX, DRAFT = ".spool", ".draft"
_NAME = re.compile(r"(\d{19})-([A-Za-z0-9_.-]{1,40})-([0-9a-f]{12})\.spool")


class Segment(NamedTuple):
    """One file of a spool; its name is its own on every instance there is.

    Attributes:
        name: without the suffix.
        created_ns: the writer's clock when it began, since 1970.
    """

    path: Path
    name: str
    created_ns: int
    size: int


def new_name(worker: str, now_ns: int) -> str:
    """A name that no other segment has, on no instance: audit files are called after it.

    Raises:
        ValueError: `worker` cannot be a part of a file's name.
    """
    name = f"{now_ns:019d}-{worker}-{os.urandom(6).hex()}"
    if not _NAME.fullmatch(name + SUFFIX):
        raise ValueError(f"worker {worker!r}: use 1-40 letters, digits, dots, hyphens or underscores")
    return name


def segments(folder: Path) -> list[Segment]:
    """The segments there are, oldest first."""
    found = []
    with os.scandir(folder) as entries:
        for entry in entries:
            named = _NAME.fullmatch(entry.name)
            if named is None:
                continue
            try:
                size = entry.stat().st_size
            except FileNotFoundError:
                continue  # the shipper deleted it meanwhile
            path = Path(entry.path)
            found.append(Segment(path, path.stem, int(named[1]), size))
    return sorted(found, key=lambda segment: segment.name)


def create(folder: Path, name: str, first: bytes) -> int:
    """A new segment that begins with `first`; its descriptor, locked, to append to.

    It gets its name once it is locked and begun, so that no reader takes it for abandoned.

    Raises:
        OSError: there is no room, or no permission.
    """
    draft = folder / (name + DRAFT)
    descriptor = os.open(draft, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        if os.write(descriptor, first) != len(first):
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        draft.rename(folder / (name + SUFFIX))
    except BaseException:
        os.close(descriptor)
        draft.unlink(missing_ok=True)
        raise
    return descriptor


def sealed(descriptor: int) -> bool:
    """Whether nobody will append to a segment any more; told by its lock."""
    try:
        fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    fcntl.flock(descriptor, fcntl.LOCK_UN)
    return True


def remove_abandoned_drafts(folder: Path) -> None:
    """Delete drafts whose writer was killed between their creation and their naming."""
    for draft in folder.glob("*" + DRAFT):
        try:
            descriptor = os.open(draft, os.O_RDONLY)
        except FileNotFoundError:
            continue
        try:
            # Just created, it may not be locked yet: nobody needs a minute for that.
            old = os.fstat(descriptor).st_mtime < time.time() - 60
            if old and sealed(descriptor):
                draft.unlink(missing_ok=True)
        finally:
            os.close(descriptor)
