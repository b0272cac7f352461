"""What became of S3 objects since the last snapshot, so that no acknowledged write dies with the process.

An entry holds the state of one key, not the change made to it: a newer entry replaces the older one,
and replaying an entry that the snapshot already contains changes nothing.
"""

from __future__ import annotations

import hashlib
import pickle
import threading
import time
from collections.abc import Iterable
from pathlib import Path
from typing import Any, NamedTuple

from moto.s3.models import FakeBucket, FakeKey, S3Backend, s3_backends

from mirror.snapshots import pickler
from mirror.snapshots.blobs import LmdbBlobs, open_environment

_ATTEMPTS = 20


class Place(NamedTuple):
    """A bucket, and the backend that holds it."""

    account: str
    partition: str
    backend: S3Backend
    bucket: FakeBucket


class _Entry(NamedTuple):
    sequence: int
    blob_ids: frozenset[str]


def find_bucket(name: str) -> Place | None:
    """The bucket `name`; bucket names are unique across accounts."""
    for account, partition, backend in list(s3_backends.iter_backends()):
        bucket = backend.buckets.get(name)
        if bucket is not None:
            return Place(account, partition, backend, bucket)
    return None


class Journal:
    """Entries of one mirror in the LMDB environment `path`; bodies go to `blobs`."""

    def __init__(self, path: Path, blobs: LmdbBlobs) -> None:
        self._env = open_environment(path)
        self._blobs = blobs
        # Held from reading a key's state until it is stored: the entry stored last is the state read last.
        self._lock = threading.Lock()
        self._entries: dict[bytes, _Entry] = {}
        self._sequence = 0

    @property
    def sequence(self) -> int:
        """The number of the last entry: a snapshot begun now contains every entry up to it."""
        with self._lock:
            return self._sequence

    def record(self, place: Place, keys: Iterable[str]) -> None:
        """Store the present state of `keys`.

        Raises:
            RuntimeError: a key changed whenever it was read.
        """
        with self._lock:
            rows: list[tuple[bytes, bytes, _Entry]] = []
            for key in keys:
                state, blob_ids = self._state(place, key)
                self._sequence += 1
                name = "\0".join((place.account, place.partition, place.bucket.name, key))
                # LMDB's keys are shorter than those of S3.
                row = hashlib.sha256(name.encode("utf-8", "surrogatepass")).digest()
                entry = _Entry(self._sequence, frozenset(blob_ids))
                rows.append((row, pickle.dumps((*entry, state)), entry))
            with self._env.begin(write=True) as txn:
                for row, value, _ in rows:
                    txn.put(row, value)
            self._entries.update((row, entry) for row, _, entry in rows)

    def replay(self) -> int:
        """Bring the buckets up to date; returns the number of entries. Those of lost buckets are skipped."""
        with self._env.begin() as txn, txn.cursor() as cursor:
            stored = [(bytes(row), pickle.loads(value)) for row, value in cursor]  # noqa: S301  # our own file
        stored.sort(key=lambda item: item[1][0])
        for row, (sequence, blob_ids, state) in stored:
            self._entries[row] = _Entry(sequence, blob_ids)
            self._sequence = sequence
            _restore(*pickler.load_object(state, self._blobs))
        return len(stored)

    def settle(self, sequence: int, blob_ids: set[str]) -> None:
        """Drop the entries up to `sequence`, and the bodies that neither `blob_ids` nor an entry names."""
        with self._lock:
            done = [row for row, entry in self._entries.items() if entry.sequence <= sequence]
            if done:
                with self._env.begin(write=True) as txn:
                    for row in done:
                        txn.delete(row)
                for row in done:
                    del self._entries[row]
            self._blobs.keep_only(blob_ids.union(*(entry.blob_ids for entry in self._entries.values())))

    def close(self) -> None:
        """Close the environment; the journal cannot be used afterwards."""
        self._env.close()

    def _state(self, place: Place, key: str) -> tuple[bytes, set[str]]:
        for _ in range(_ATTEMPTS):
            versions = list(place.bucket.keys.getlist(key, []))
            try:
                tags = {
                    version.arn: place.backend.tagger.get_tag_dict_for_resource(version.arn)
                    for version in versions
                    if isinstance(version, FakeKey)
                }
                state = (place.account, place.partition, place.bucket.name, key, versions, tags)
                saved = pickler.dump_object(state, self._blobs)
            except RuntimeError:  # a collection changed while it was being read
                time.sleep(0.005)
                continue
            # An overwritten version loses its body, perhaps while it was being read.
            if place.bucket.keys.getlist(key, []) == versions:
                return saved
        raise RuntimeError(f"s3://{place.bucket.name}/{key} changes too fast to be saved; try again")


def _restore(
    account: str,
    partition: str,
    bucket_name: str,
    key: str,
    versions: list[Any],
    tags: dict[str, dict[str, str]],
) -> None:
    backend = s3_backends[account][partition]
    bucket = backend.buckets.get(bucket_name)
    if bucket is None:
        return
    if not versions:
        dict.pop(bucket.keys, key, None)
        return
    dict.__setitem__(bucket.keys, key, versions)
    for version in versions:
        upload = getattr(version, "multipart", None)
        if upload is not None:
            bucket.multiparts.pop(upload.id, None)
    for arn, values in tags.items():
        backend.tagger.delete_all_tags_for_resource(arn)
        backend.tagger.tag_resource(arn, [{"Key": name, "Value": value} for name, value in values.items()])
