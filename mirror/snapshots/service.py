"""Writes a snapshot soon after each change of moto's state, and restores the last one at start.

Changes of S3 objects do not wait for it: the journal has them before their request is answered.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Iterable
from datetime import datetime
from pathlib import Path
from typing import Any

from moto.s3.models import s3_backends

from mirror.cloud import Cloud
from mirror.snapshots import pickler, touched
from mirror.snapshots.blobs import LmdbBlobs
from mirror.snapshots.journal import Journal, Place, find_bucket

_log = logging.getLogger(__name__)
_QUIET_S = 0.3
_ATTEMPTS = 20
# A snapshot may use at most this share of the time, however large the state has grown.
_DUTY = 0.1
_NOT_SAVED = "moto's state could not be saved; a restart would lose recent changes"

_STARTING = (
    b"<Error><Code>ServiceUnavailable</Code><Message>the mirror is starting; try again</Message></Error>"
)
_BucketId = tuple[str, str, str, datetime]
WsgiApp = Callable[[dict[str, Any], Any], Iterable[bytes]]


class Snapshots:
    """The snapshot of one mirror: ``<state_dir>/moto/state.pickle``, S3 bodies and journal beside it."""

    def __init__(self, directory: Path) -> None:
        directory.mkdir(parents=True, exist_ok=True)
        self._file = directory / "state.pickle"
        self._blobs = LmdbBlobs(directory / "blobs")
        self._journal = Journal(directory / "journal", self._blobs)
        self._writing = threading.RLock()
        self._restored = threading.Event()
        self._saved_buckets: set[_BucketId] = set()
        self._dirty = threading.Event()
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="snapshots", daemon=True)

    def start(self) -> None:
        """Restore the last snapshot, then watch for changes.

        Raises:
            RuntimeError: the snapshot cannot be read back; the message names the file and the fix.
        """
        if self._file.exists():
            try:
                pickler.load(self._file.read_bytes(), self._blobs)
                self._saved_buckets = _buckets()
                if self._journal.replay():
                    self._dirty.set()
            except Exception as error:  # unpickling raises whatever the classes it meets raise
                raise RuntimeError(
                    f"{self._file} cannot be read back ({type(error).__name__}: {error}): it is damaged, or "
                    "of another version of moto; start from nothing with `fraudline up --fresh`"
                ) from error
        self._restored.set()
        self._thread.start()

    def stop(self) -> None:
        """Write what changed since the last snapshot."""
        self._stopping.set()
        self._dirty.set()
        self._thread.join()
        self.write()
        self._journal.close()
        self._blobs.close()

    def watch(self, app: WsgiApp) -> WsgiApp:
        """Wrap moto's WSGI application: what a request changed in S3 is on disk before its answer goes
        out, and every request that may change state asks for a snapshot."""

        def watched(environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
            if not touched.may_write(environ):
                return app(environ, start_response)
            in_s3, refused = touched.find(environ), False
            if in_s3 is not None and not self._restored.is_set():
                # What it writes would be replaced by the snapshot; clients of AWS try again after this.
                start_response("503 Service Unavailable", [("Content-Type", "application/xml")])
                return [_STARTING]

            def watched_response(status: str, *rest: Any) -> Any:
                nonlocal refused
                refused = status >= "4"
                return start_response(status, *rest)

            chunks = app(environ, watched_response)
            self._dirty.set()
            if in_s3 is not None and not refused:
                self._keep(environ["REQUEST_METHOD"], *in_s3)
            return chunks

        return watched

    def record(self, bucket: str, keys: list[str]) -> None:
        """Put the present state of these S3 objects on disk before returning.

        Raises:
            RuntimeError: an object changed whenever it was read.
        """
        place = find_bucket(bucket)
        if place is not None:
            self._record(place, keys)

    def _keep(self, method: str, bucket: str, keys: list[str] | None) -> None:
        place = None if keys is None else find_bucket(bucket)
        # A bucket's own settings, or an address in a form that only moto understands.
        if (
            keys is None
            or place is None
            or (method == "PUT" and any(key not in place.bucket.keys for key in keys))
        ):
            self._write_now()
        elif keys:
            self._record(place, keys)

    def _record(self, place: Place, keys: list[str]) -> None:
        self._journal.record(place, keys)
        if _bucket_id(place) not in self._saved_buckets:
            with self._writing:
                if _bucket_id(place) not in self._saved_buckets:
                    self._write_now()

    def _write_now(self) -> None:
        try:
            self.write()
        except Exception:
            # As in the background: state that cannot be saved must not take the mirror down.
            _log.exception(_NOT_SAVED)

    def changed(self) -> None:
        """Ask for a snapshot."""
        self._dirty.set()

    def write(self) -> None:
        """Write a snapshot now, atomically."""
        with self._writing:
            for attempt in range(_ATTEMPTS):
                try:
                    sequence, buckets = self._journal.sequence, _buckets()
                    raw, blob_ids = pickler.dump(self._blobs)
                    break
                except RuntimeError:  # a collection changed while it was being read
                    if attempt == _ATTEMPTS - 1:
                        raise
                    time.sleep(0.05)
            temporary = self._file.with_suffix(".new")
            temporary.write_bytes(raw)
            temporary.replace(self._file)
            self._saved_buckets = buckets
            self._journal.settle(sequence, blob_ids)

    def _run(self) -> None:
        while not self._stopping.is_set():
            self._dirty.wait()
            self._stopping.wait(_QUIET_S)
            if self._stopping.is_set():
                return
            self._dirty.clear()
            started = time.monotonic()
            try:
                self.write()
            except Exception:
                # State that cannot be saved must not take the mirror down; the log names the object.
                _log.exception(_NOT_SAVED)
            self._stopping.wait((time.monotonic() - started) / _DUTY)


def _bucket_id(place: Place) -> _BucketId:
    return place.account, place.partition, place.bucket.name, place.bucket.creation_date


def _buckets() -> set[_BucketId]:
    return {
        _bucket_id(Place(account, partition, backend, bucket))
        for account, partition, backend in list(s3_backends.iter_backends())
        for bucket in list(backend.buckets.values())
    }


_running: dict[Path, Snapshots] = {}
_lock = threading.Lock()


def of(cloud: Cloud) -> Snapshots:
    """The snapshots of a running mirror."""
    with _lock:
        found = _running.get(cloud.state_dir)
        if found is None:
            found = _running[cloud.state_dir] = Snapshots(cloud.state_dir / "moto")
        return found


def changed() -> None:
    """Ask for a snapshot after a change that did not come through the WSGI application.

    moto's state belongs to the process, not to one `Cloud`.
    """
    for running in list(_running.values()):
        running.changed()


def object_written(bucket: str, key: str) -> None:
    """Keep an S3 object that was not written through the WSGI application; on disk when this returns.

    Raises:
        RuntimeError: the object changed whenever it was read.
    """
    for running in list(_running.values()):
        running.record(bucket, [key])
        running.changed()


def start(cloud: Cloud) -> None:
    of(cloud).start()


def stop(cloud: Cloud) -> None:
    _running.pop(cloud.state_dir).stop()
