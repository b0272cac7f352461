"""Finds the folders that are past their retention, and removes them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, field
from datetime import datetime, timedelta
from typing import Any

from pipelines.steps.clean_up.references import References
from pipelines.steps.clean_up.retention import Retention
from pipelines.steps.container import StepError
from pipelines.steps.windows import text

_AT_ONCE = 1_000  # DeleteObjects


@dataclass(slots=True)
class Folder:
    """Objects that are kept or removed together."""

    name: str
    newest: datetime
    keys: list[str] = field(default_factory=list)
    bytes: int = 0

    def as_dict(self) -> dict[str, Any]:
        """As JSON can carry it, the number of the objects in place of their keys."""
        found = asdict(self) | {"objects": len(self.keys), "newest": text(self.newest)}
        del found["keys"]
        return found


def expired(s3: Any, lake: str, rule: Retention, now: datetime) -> Iterator[Folder]:
    """Folders of an area whose newest object is older than the rule keeps it, by name."""
    before = now - timedelta(days=rule.days)
    found: dict[str, Folder] = {}
    for page in s3.get_paginator("list_objects_v2").paginate(Bucket=lake, Prefix=rule.prefix):
        for item in page.get("Contents", []):
            name = rule.folder_of(item["Key"])
            if name is None:
                continue
            folder = found.setdefault(name, Folder(name, item["LastModified"]))
            folder.newest = max(folder.newest, item["LastModified"])
            folder.keys.append(item["Key"])
            folder.bytes += item["Size"]
    return (found[name] for name in sorted(found) if found[name].newest < before)


def clean(
    s3: Any, lake: str, rules: Sequence[Retention], references: References, now: datetime, *, dry_run: bool
) -> dict[str, Any]:
    """Remove what has expired and no package refers to; returns what was removed and what was kept, by rule.

    Raises:
        StepError: objects could not be removed; the message names the first.
    """
    report: dict[str, Any] = {}
    for rule in rules:
        removed, kept = [], []
        for folder in expired(s3, lake, rule, now):
            if references.protect(folder.name, for_rejected=rule.for_rejected):
                kept.append(folder.name)
                continue
            if not dry_run:
                _remove(s3, lake, folder.keys)
            removed.append(folder.as_dict())
        report[rule.name] = {"days": rule.days, "removed": removed, "kept_for_packages": kept}
    return report


def _remove(s3: Any, lake: str, keys: Sequence[str]) -> None:
    for start in range(0, len(keys), _AT_ONCE):
        objects = [{"Key": key} for key in keys[start : start + _AT_ONCE]]
        answer = s3.delete_objects(Bucket=lake, Delete={"Objects": objects, "Quiet": True})
        for error in answer.get("Errors", []):
            raise StepError(f"s3://{lake}/{error['Key']}: not removed: {error.get('Message', error['Code'])}")
