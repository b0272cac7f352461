"""What was replayed, in the lake, so that nobody replays it again.

One object for each request of a replay. It is written before the request with the ids it will send, and
completed after it. A replay that was killed in between leaves an open entry: only the source stream knows
whether its records arrived.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

PREFIX = "dead-letters/replayed/"


@dataclass(frozen=True, slots=True)
class Entry:
    """One request: the ids of its letters, when it began, and whether it is known to have arrived."""

    key: str
    began: datetime
    letters: Sequence[str]
    done: bool


@dataclass(frozen=True, slots=True)
class Past:
    """What earlier replays did: ids that were sent, and requests of which that is not known."""

    done: frozenset[str]
    open: Sequence[Entry]

    @property
    def open_ids(self) -> frozenset[str]:
        return frozenset(id_ for entry in self.open for id_ in entry.letters)


class Journal:
    """The journal in one lake bucket.

    Args:
        s3: boto3's ``s3`` client.
    """

    def __init__(self, s3: Any, bucket: str) -> None:
        self._s3, self._bucket = s3, bucket

    def begin(self, letters: Sequence[str]) -> Entry:
        """Note what is about to be sent."""
        began = datetime.now(UTC)
        entry = Entry(f"{PREFIX}{began:%Y%m%dT%H%M%S.%fZ}-{uuid4().hex[:8]}.json", began, letters, done=False)
        self._put(entry)
        return entry

    def complete(self, entry: Entry, letters: Sequence[str]) -> None:
        """Note which of them arrived."""
        self._put(Entry(entry.key, entry.began, letters, done=True))

    def past(self, since: datetime) -> Past:
        """What was replayed since a moment."""
        entries = list(self._entries(since))
        done = frozenset(id_ for entry in entries if entry.done for id_ in entry.letters)
        return Past(done, [entry for entry in entries if not entry.done])

    def _entries(self, since: datetime) -> Iterator[Entry]:
        pages = self._s3.get_paginator("list_objects_v2").paginate(
            Bucket=self._bucket, Prefix=PREFIX, StartAfter=f"{PREFIX}{since.astimezone(UTC):%Y%m%dT%H%M%S}"
        )
        for page in pages:
            for found in page.get("Contents", []):
                key = found["Key"]
                document = json.load(self._s3.get_object(Bucket=self._bucket, Key=key)["Body"])
                began = datetime.fromisoformat(document["began"])
                yield Entry(key, began, document["letters"], document["done"])

    def _put(self, entry: Entry) -> None:
        document = {
            "began": entry.began.isoformat(),
            "done": entry.done,
            "letters": list(entry.letters),
        }
        self._s3.put_object(Bucket=self._bucket, Key=entry.key, Body=json.dumps(document).encode())
