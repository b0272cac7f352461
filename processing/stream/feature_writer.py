"""Writes feature records, 25 per call where the store can, else one by one."""

from __future__ import annotations

import logging
import threading
from typing import Any

import msgspec
from botocore.exceptions import BotoCoreError, ClientError

from processing.stream.feature_records import Entry
from processing.stream.prepared_call import PreparedCall
from processing.stream.retry import attempts

_log = logging.getLogger(__name__)
_encode = msgspec.json.Encoder().encode
_REFUSED = {"ValidationException", "ValidationError"}


class _Written(msgspec.Struct):
    Errors: list[dict[str, Any]]
    UnprocessedEntries: list[dict[str, Any]]


class FeatureWriter:
    """Writes until everything arrived, was refused for good, or `abort` is set.

    Args:
        client: a Feature Store runtime client.
    """

    def __init__(self, client: Any, abort: threading.Event) -> None:
        self._client, self._abort = client, abort
        self._batch_write = PreparedCall(client, "BatchWriteRecord", _Written)
        self._in_batches = True

    def write(self, entries: list[Entry]) -> bool:
        """Write at most 25 records; returns False if `abort` came before all were done."""
        if self._in_batches:
            for _ in attempts(self._abort):
                if not entries:
                    return True
                try:
                    response = self._batch_write(_encode({"Entries": entries}))
                except ClientError as error:
                    if not _is_transient(error):
                        _log.info("no batch writes here, writing records one by one: %s", error)
                        self._in_batches = False
                        break
                    _log.warning("writing features failed: %s", error)
                    continue
                except BotoCoreError as error:
                    _log.warning("writing features failed: %s", error)
                    continue
                if response.Errors:
                    break  # one by one tells which record is refused, and why
                entries = response.UnprocessedEntries
        return all(self._put(entry) for entry in entries)

    def _put(self, entry: Entry) -> bool:
        for _ in attempts(self._abort):
            try:
                self._client.put_record(**entry)
            except ClientError as error:
                if error.response["Error"]["Code"] in _REFUSED:
                    # It would be refused for ever; the next state of the entity may not be.
                    _log.error("%s refused a record: %s", entry["FeatureGroupName"], error)
                    return True
                _log.warning("writing features failed: %s", error)
                continue
            except BotoCoreError as error:
                _log.warning("writing features failed: %s", error)
                continue
            return True
        return False


def _is_transient(error: ClientError) -> bool:
    status = error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0)
    throttled = error.response["Error"]["Code"] in {"ThrottlingException", "Throttling"}
    return throttled or status in (429, 500, 502, 503, 504)
