"""Streams and their shards: the documents, and the compiled form that the data plane works with."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator
from dataclasses import dataclass

from mirror.api import Document, ServiceError
from mirror.cloud import Cloud
from mirror.documents import Collection
from mirror.kinesis.hashing import shard_id, shard_index


@dataclass(frozen=True, slots=True)
class Shard:
    """One shard. `end` of the hash range is included; `last` is the final sequence once closed."""

    index: int
    start: int
    end: int
    parents: tuple[int, ...]
    first: int
    last: int | None


@dataclass(frozen=True, slots=True)
class Stream:
    """One stream. `uid` is unique among all streams that ever had this name."""

    name: str
    arn: str
    region: str
    uid: bytes
    retention_us: int
    max_record_bytes: int
    key_required: bool
    on_demand: bool
    encryption: str
    shards: dict[int, Shard]
    open_starts: list[int]
    open_shards: list[Shard]

    def shard_of(self, hash_key: int) -> Shard:
        """The open shard whose hash range holds `hash_key`."""
        return self.open_shards[bisect_right(self.open_starts, hash_key) - 1]

    def shard(self, name: str) -> Shard:
        """The shard with this id.

        Raises:
            ServiceError: ``ResourceNotFoundException``.
        """
        found = self.shards.get(shard_index(name))
        if found is None or shard_id(found.index) != name:
            raise ServiceError(
                "ResourceNotFoundException", f"ShardId: {name!r} does not exist in stream {self.name}"
            )
        return found


class Streams:
    """Looks up streams; compiled streams are kept until they change."""

    def __init__(self, cloud: Cloud) -> None:
        self.documents: Collection = cloud.documents.collection("kinesis-stream")
        self._regions: Collection = cloud.documents.collection("kinesis-region")
        self._compiled: dict[tuple[str, str], Stream] = {}

    def find(self, region: str, name: str | None, arn: str | None) -> Stream:
        """The compiled stream, by ARN or by name.

        Raises:
            ServiceError: ``ResourceNotFoundException``; ``InvalidArgumentException`` without both.
        """
        key = (region, arn or name or "")
        compiled = self._compiled
        stream = compiled.get(key)
        if stream is None:
            where, found = resolve(region, name, arn)
            # Into the dictionary read above: `changed` may have replaced it since.
            stream = compiled[key] = compile_stream(where, self.document(where, found))
        return stream

    def document(self, region: str, name: str) -> Document:
        """The stored document of a stream.

        Raises:
            ServiceError: ``ResourceNotFoundException``.
        """
        document = self.documents.get(region, name)
        if document is None:
            raise ServiceError(
                "ResourceNotFoundException", f"stream {name!r} does not exist in {region}; create it first"
            )
        return document

    def all(self) -> Iterator[Stream]:
        """Every stream of every region."""
        for region, _ in self._regions.items(""):
            for document in self.documents.values(region):
                yield compile_stream(region, document)

    def save(self, region: str, document: Document) -> None:
        """Store a new stream."""
        self._regions.put("", region, {})
        self.documents.put(region, document["StreamName"], document)
        self.changed()

    def changed(self) -> None:
        """Forget compiled streams after a document was written or deleted."""
        self._compiled = {}


def resolve(region: str, name: str | None, arn: str | None) -> tuple[str, str]:
    """``(region, name)`` of a stream given by ARN or by name.

    Raises:
        ServiceError: ``InvalidArgumentException`` when neither is given, or they differ.
    """
    if arn is None:
        if name is None:
            raise ServiceError("InvalidArgumentException", "StreamName or StreamARN: give one of them")
        return region, name
    parts, _, found = arn.partition(":stream/")
    if not found or (name is not None and name != found):
        raise ServiceError("InvalidArgumentException", f"StreamARN: {arn!r} is not the ARN of this stream")
    return parts.split(":")[3], found.partition("/")[0]


def compile_stream(region: str, document: Document) -> Stream:
    """The form of a stream that the data plane works with."""
    shards = [
        Shard(
            index=shard["index"],
            start=int(shard["start"]),
            end=int(shard["end"]),
            parents=tuple(shard["parents"]),
            first=shard["first"],
            last=shard["last"],
        )
        for shard in document["shards"]
    ]
    opened = sorted((shard for shard in shards if shard.last is None), key=lambda shard: shard.start)
    return Stream(
        name=document["StreamName"],
        arn=document["StreamARN"],
        region=region,
        uid=document["uid"],
        retention_us=document["RetentionPeriodHours"] * 3_600_000_000,
        max_record_bytes=document["MaxRecordSizeInKiB"] * 1024,
        key_required=document["RecordDistributionStrategy"] == "USER_PARTITION_KEY",
        on_demand=document["StreamModeDetails"]["StreamMode"] == "ON_DEMAND",
        encryption=document["EncryptionType"],
        shards={shard.index: shard for shard in shards},
        open_starts=[shard.start for shard in opened],
        open_shards=opened,
    )
