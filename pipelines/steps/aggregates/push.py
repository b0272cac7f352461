"""Pushes a night's aggregates to the Feature Store: throttled, in parallel, and safe to repeat."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime
from typing import Any, TypeVar

import pandas as pd
from botocore.exceptions import BotoCoreError, ClientError

from feature_groups import FeatureGroup
from pipelines.steps.container import StepError
from pipelines.steps.windows import text

READ_AT_ONCE = 100  # BatchGetRecord
WRITTEN_AT_ONCE = 25  # BatchWriteRecord
_THREADS = 8
_TRIES = 6
_FIRST_PAUSE_S = 0.1

Entry = dict[str, Any]
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Pushed:
    """How many records of a night were written, and how many had been already, or newer ones."""

    written: int
    present: int


class Throttle:
    """At most so many records a second, whatever the number of threads."""

    def __init__(self, per_second: float) -> None:
        self._each = 1.0 / per_second
        self._lock = threading.Lock()
        self._next = 0.0

    def wait(self, count: int) -> None:
        """Take part in the queue with `count` records; returns when their turn comes."""
        with self._lock:
            turn = max(self._next, time.monotonic())
            self._next = turn + count * self._each
        time.sleep(max(0.0, turn - time.monotonic()))


class Pusher:
    """Writes records of one group as of one night.

    What the store has as of this night or later is left alone: the Feature Store takes an equal event time
    for no newer one, and a run that was cut short goes on where it ended.

    Args:
        client: a Feature Store runtime client.
        physical: name of the deployed group.
    """

    def __init__(self, client: Any, group: FeatureGroup, physical: str, throttle: Throttle) -> None:
        self._client, self._group, self._physical = client, group, physical
        self._throttle = throttle
        self._in_batches = True

    def push(self, frame: pd.DataFrame, as_of: datetime) -> Pushed:
        """Write a record for each row; columns as the group declares them, but for the event time.

        Raises:
            StepError: the group is not there, or does not take the records.
        """
        rows = list(_records(frame, self._group, as_of))
        try:
            with ThreadPoolExecutor(_THREADS, thread_name_prefix="push") as pool:
                written = sum(pool.map(lambda part: self._part(part, as_of), _parts(rows, READ_AT_ONCE)))
        except (ClientError, BotoCoreError) as error:
            raise self._unusable(str(error)) from error
        return Pushed(written, len(rows) - written)

    def _part(self, rows: Sequence[tuple[str, Entry]], as_of: datetime) -> int:
        newest = self._stored([identifier for identifier, _ in rows])
        missing = [
            {"FeatureGroupName": self._physical, **record}
            for identifier, record in rows
            if identifier not in newest or newest[identifier] < as_of
        ]
        for entries in _parts(missing, WRITTEN_AT_ONCE):
            self._throttle.wait(len(entries))
            self._write(list(entries))
        return len(missing)

    def _stored(self, identifiers: list[str]) -> dict[str, datetime]:
        """Event times of the records that are there."""
        names = [self._group.record_identifier, self._group.event_time]
        wanted = {
            "FeatureGroupName": self._physical,
            "RecordIdentifiersValueAsString": identifiers,
            "FeatureNames": names,
        }
        found: dict[str, datetime] = {}
        for pause in _pauses():
            answer = self._client.batch_get_record(Identifiers=[wanted])
            if answer["Errors"]:
                raise self._unusable(answer["Errors"][0]["ErrorMessage"])
            for item in answer["Records"]:
                values = {value["FeatureName"]: value["ValueAsString"] for value in item["Record"]}
                moment = datetime.fromisoformat(values[self._group.event_time])
                found[item["RecordIdentifierValueAsString"]] = moment
            if not answer["UnprocessedIdentifiers"]:
                return found
            [wanted] = answer["UnprocessedIdentifiers"]
            time.sleep(pause)
        raise StepError(f"feature group {self._physical}: it is too busy to be read; start the step again")

    def _unusable(self, said: str) -> StepError:
        return StepError(
            f"feature group {self._physical}: {said}; deploy the group, or let the job's role use it"
        )

    def _write(self, entries: list[Entry]) -> None:
        if self._in_batches:
            try:
                entries = self._write_batch(entries)
            except ClientError as error:
                if error.response["Error"]["Code"] in ("ThrottlingException", "InternalFailure"):
                    raise
                self._in_batches = False  # not every kind of online store takes batches
        for entry in entries:
            self._client.put_record(**entry)

    def _write_batch(self, entries: list[Entry]) -> list[Entry]:
        """Write entries together; returns those that are to be put alone, to learn what is wrong."""
        for pause in _pauses():
            answer = self._client.batch_write_record(Entries=entries)
            refused: list[Entry] = [error["Entry"] for error in answer["Errors"]]
            entries = answer["UnprocessedEntries"]
            if refused or not entries:
                return [*refused, *entries]
            time.sleep(pause)
        return entries


def _records(frame: pd.DataFrame, group: FeatureGroup, as_of: datetime) -> Iterator[tuple[str, Entry]]:
    """Identifier and record of each row; a missing value is left out."""
    kinds = {name: kind for name, kind in group.features if name in frame.columns}
    columns = {name: frame[name].astype(object).where(frame[name].notna(), None).tolist() for name in kinds}
    moment = {"FeatureName": group.event_time, "ValueAsString": text(as_of)}
    for row in zip(*columns.values(), strict=True):
        values = [
            {"FeatureName": name, "ValueAsString": _text(value, kinds[name])}
            for name, value in zip(columns, row, strict=True)
            if value is not None
        ]
        yield str(row[list(columns).index(group.record_identifier)]), {"Record": [*values, moment]}


def _text(value: Any, kind: str) -> str:
    if kind == "String":
        return str(value)
    return str(int(value)) if kind == "Integral" else repr(float(value))


def _parts(items: Sequence[T], size: int) -> Iterator[Sequence[T]]:
    return (items[start : start + size] for start in range(0, len(items), size))


def _pauses() -> Iterator[float]:
    return (_FIRST_PAUSE_S * 2.0**attempt for attempt in range(_TRIES))
