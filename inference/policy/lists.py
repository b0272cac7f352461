"""Deny and allow lists: written into the policy file, or kept in text files beside it."""

from __future__ import annotations

from pathlib import Path, PurePath

from inference.policy.document import ListSource

_LONGEST = 128  # characters of the longest identifier that a request may carry


def read_list(folder: Path, source: ListSource) -> tuple[frozenset[str], bytes]:
    """The values of a list, and the bytes of its file, which are part of the policy's version.

    Args:
        folder: where the policy file is.

    Raises:
        ValueError: the source is not one of the two forms, its file cannot be read, or a value in it
            can match nothing.
    """
    if (source.values is None) == (source.file is None):
        raise ValueError("give either values or file")
    if source.file is None:
        return _checked(source.values or (), "values"), b""
    raw = _bytes(folder, source.file)
    try:
        lines = raw.decode("utf-8-sig").splitlines()
    except UnicodeDecodeError as error:
        raise ValueError(f"file {source.file}: not UTF-8 at byte {error.start}") from error
    entries = (line.strip() for line in lines)
    return _checked([e for e in entries if e and not e.startswith("#")], f"file {source.file}"), raw


def _bytes(folder: Path, name: str) -> bytes:
    relative = PurePath(name)
    if relative.is_absolute() or ".." in relative.parts:
        raise ValueError(f"file {name}: name a file beside the policy, without .. and without a leading /")
    try:
        return (folder / relative).read_bytes()
    except OSError as error:
        raise ValueError(f"file {folder / relative}: {error.strerror}") from error


def _checked(values: tuple[str, ...] | list[str], where: str) -> frozenset[str]:
    for value in values:
        if not value or value != value.strip() or len(value) > _LONGEST:
            raise ValueError(
                f"{where}: {value[:40]!r} can match nothing: values have 1-{_LONGEST} characters "
                "and no spaces around them"
            )
    return frozenset(values)
