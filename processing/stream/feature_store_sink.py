"""The Feature Store as a sink."""

from __future__ import annotations

import logging
import time
from collections.abc import Sequence
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from feature_groups import STREAM_PROGRESS
from feature_groups.groups import PROCESSED_TO
from feature_groups.names import Names
from processing.events.moments import iso
from processing.online.backends import FEATURE_STORE
from processing.online.codec import STREAM
from processing.online.writing import OnlineUnavailableError
from processing.stream.feature_records import Entry, FeatureRecords
from processing.stream.feature_writer import FeatureWriter

_log = logging.getLogger(__name__)


class FeatureStoreSink:
    """Writes records of `FeatureRecords` with a `FeatureWriter`, and progress beside them.

    Args:
        client: a Feature Store runtime client.
    """

    name = FEATURE_STORE
    threads = 4
    most = 25

    def __init__(self, client: Any, names: Names, records: FeatureRecords, writer: FeatureWriter) -> None:
        self._client, self._records, self._writer = client, records, writer
        self._progress = names.feature_group(STREAM_PROGRESS.name)

    def publish(self, keys: Sequence[bytes]) -> bool:
        """See `Sink`."""
        return self._writer.write([entry for key in keys if (entry := self._entry(key)) is not None])

    def _entry(self, key: bytes) -> Entry | None:
        try:
            return self._records.entry(key)
        except ValueError as error:  # a state that cannot be read: its next transactions are dead letters
            _log.error("%s cannot be published: %s", key[1:].decode(), error)
            return None

    def report(self, processed_to_ms: int) -> None:
        """See `Sink`."""
        values = {
            STREAM_PROGRESS.record_identifier: STREAM,
            STREAM_PROGRESS.event_time: iso(time.time_ns() // 1_000_000),
            PROCESSED_TO: str(processed_to_ms),
        }
        record = [{"FeatureName": name, "ValueAsString": value} for name, value in values.items()]
        try:
            self._client.put_record(FeatureGroupName=self._progress, Record=record)
        except (ClientError, BotoCoreError) as error:
            raise OnlineUnavailableError(f"{self._progress} cannot be written: {error}") from error

    def is_empty(self) -> bool:
        """See `Sink`."""
        try:
            found = self._client.get_record(
                FeatureGroupName=self._progress, RecordIdentifierValueAsString=STREAM
            )
        except (ClientError, BotoCoreError) as error:
            raise OnlineUnavailableError(f"{self._progress} cannot be read: {error}") from error
        return not found.get("Record")

    def close(self) -> None:
        """The client is not ours."""
