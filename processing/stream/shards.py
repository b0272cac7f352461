"""Reads the shards of one Kinesis stream, each from where it was committed."""

from __future__ import annotations

import logging
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from processing.stream.kinesis_calls import KinesisCalls
from processing.stream.records import Event, RawRecord, ShardId, ShardPosition

_log = logging.getLogger(__name__)
_RELIST_SECONDS = 30.0
_THROTTLED = {"ProvisionedThroughputExceededException", "LimitExceededException", "KMSThrottlingException"}
_READ_LIMIT = 10_000  # records per call: the service's greatest
_BACKOFF_S = (0.2, 5.0)

Decode = Callable[[RawRecord], Any]


@dataclass
class Shard:
    """One shard being read.

    Attributes:
        buffer: decoded events read but not yet taken.
        read_to: last sequence number read, None to begin at the oldest record.
        parents: the shards that it was split or merged from.
        behind_ms: how far behind the tip the last read was; None before the first.
        ended: the shard was closed and is read to its end.
        complete_to_ms: arrival time before which everything was read, milliseconds since 1970; None
            before the first read.
        filled_at: monotonic time when a read last returned records.
    """

    id: ShardId
    read_to: str | None
    parents: tuple[ShardId, ...] = ()
    buffer: deque[Event] = field(default_factory=deque)
    behind_ms: int | None = None
    ended: bool = False
    complete_to_ms: int | None = None
    filled_at: float = field(default_factory=time.monotonic)
    iterator: str | None = None
    not_before: float = 0.0
    backoff_s: float = _BACKOFF_S[0]

    @property
    def applied_to_ms(self) -> int | None:
        """Arrival time before which everything was taken from here; None when that is not known."""
        # In this order: what a read adds in the meantime is then in the buffer.
        complete_to_ms = self.complete_to_ms
        return self.buffer[0].raw.arrival_ms if self.buffer else complete_to_ms


class StreamReader:
    """Keeps the buffers of a stream's shards filled.

    Args:
        client: a Kinesis client.
        stream: short name; `physical` is the deployed one.
        position: how far a shard was applied, asked when its reading begins.
        decode: turns a raw record into a transaction, label or rejection.
        poll_seconds: pause after a read that reached the tip of a shard.
    """

    def __init__(
        self,
        client: Any,
        stream: str,
        physical: str,
        position: Callable[[bytes], ShardPosition],
        decode: Decode,
        poll_seconds: float,
    ) -> None:
        self._client, self._calls = client, KinesisCalls(client)
        self._stream, self._physical = stream, physical
        self._position, self._decode, self._poll_seconds = position, decode, poll_seconds
        self.shards: dict[str, Shard] = {}
        self._list_at = 0.0

    def discover(self, now: float) -> list[Shard]:
        """Begin to read new shards whose parents are done; which ones. Cheap when it is not time to look.

        Raises:
            ClientError: the stream does not exist or may not be listed.
        """
        if now < self._list_at:
            return []
        try:
            listed = self._list()
        except BotoCoreError as error:
            _log.warning("listing the shards of %s failed: %s", self._physical, error)
            self._list_at = now + _BACKOFF_S[1]
            return []
        self._list_at = now + _RELIST_SECONDS
        names = {shard["ShardId"] for shard in listed}
        done = {name for name in names if self._finished(name)}
        begun = []
        for shard in listed:
            name = shard["ShardId"]
            parents = {shard[key] for key in ("ParentShardId", "AdjacentParentShardId") if key in shard}
            # Parents that are no longer listed have nothing left to read.
            if name in self.shards or name in done or not parents & names <= done:
                continue
            source = ShardId(self._stream, name)
            before = tuple(ShardId(self._stream, parent) for parent in sorted(parents))
            self.shards[name] = Shard(source, self._position(source.key).sequence, before)
            begun.append(self.shards[name])
            _log.info("reading shard %s of %s", name, self._physical)
        return begun

    def forget(self, shard: Shard) -> None:
        """A shard's end was committed: its children may begin."""
        del self.shards[shard.id.shard]
        self._list_at = 0.0

    def wants(self, shard: Shard, now: float) -> bool:
        """Whether it is time to read from a shard."""
        return not shard.ended and now >= shard.not_before and len(shard.buffer) < _READ_LIMIT

    def read(self, shard: Shard) -> None:
        """Read once from a shard into its buffer. Throttling and lost iterators only delay it."""
        began_ms = time.time_ns() // 1_000_000
        try:
            if shard.iterator is None:
                shard.iterator = self._iterator(shard)
            read = self._calls.get_records(shard.iterator, _READ_LIMIT)
        except (ClientError, BotoCoreError) as error:
            self._failed(shard, error)
            return
        # The main thread looks on: `behind_ms` and `ended` may only be believed after the records.
        shard.backoff_s = _BACKOFF_S[0]
        if read.records:
            shard.filled_at = time.monotonic()
            shard.read_to = read.records[-1].sequence
        for raw in read.records:
            shard.buffer.append(Event.of(shard.id, raw, self._decode(raw)))
        shard.behind_ms = read.behind_ms
        shard.complete_to_ms = began_ms - (read.behind_ms or 0)
        shard.iterator = read.next_iterator
        shard.ended = shard.iterator is None
        shard.not_before = time.monotonic() + (self._poll_seconds if shard.behind_ms == 0 else 0.0)

    def _failed(self, shard: Shard, error: ClientError | BotoCoreError) -> None:
        code = error.response["Error"]["Code"] if isinstance(error, ClientError) else ""
        if code == "ResourceNotFoundException":
            raise error
        if code not in _THROTTLED:
            shard.iterator = None
            if code != "ExpiredIteratorException":
                _log.warning("reading %s of %s failed: %s", shard.id.shard, self._physical, error)
        shard.not_before = time.monotonic() + shard.backoff_s
        shard.backoff_s = min(shard.backoff_s * 2, _BACKOFF_S[1])

    def _iterator(self, shard: Shard) -> str:
        where: dict[str, str] = {"ShardIteratorType": "TRIM_HORIZON"}
        if shard.read_to is not None:
            where = {
                "ShardIteratorType": "AFTER_SEQUENCE_NUMBER",
                "StartingSequenceNumber": shard.read_to,
            }
        response = self._client.get_shard_iterator(StreamName=self._physical, ShardId=shard.id.shard, **where)
        iterator: str = response["ShardIterator"]
        return iterator

    def _finished(self, name: str) -> bool:
        return self._position(ShardId(self._stream, name).key).finished

    def _list(self) -> list[dict[str, Any]]:
        shards: list[dict[str, Any]] = []
        page: dict[str, str] = {"StreamName": self._physical}
        while True:
            response = self._client.list_shards(**page)
            shards += response["Shards"]
            if "NextToken" not in response:
                return shards
            page = {"NextToken": response["NextToken"]}
