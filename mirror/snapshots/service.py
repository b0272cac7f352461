"""Writes a snapshot soon after each change of moto's state, and restores the last one at start."""

from __future__ import annotations

import logging
import threading
import time
import uuid
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import lmdb

from mirror.cloud import Cloud
from mirror.snapshots import pickler

_log = logging.getLogger(__name__)
_QUIET_S = 0.3
_ATTEMPTS = 20
# A snapshot may use at most this share of the time, however large the state has grown.
_DUTY = 0.1

WsgiApp = Callable[[dict[str, Any], Any], Iterable[bytes]]


class Snapshots:
    """The snapshot of one mirror: ``<state_dir>/moto/state.pickle`` and the S3 bodies beside it."""

    def __init__(self, directory: Path) -> None:
        directory.mkdir(parents=True, exist_ok=True)
        self._file = directory / "state.pickle"
        self._blobs = _LmdbBlobs(directory / "blobs")
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
            except Exception as error:  # unpickling raises whatever the classes it meets raise
                raise RuntimeError(
                    f"{self._file} cannot be read back ({type(error).__name__}: {error}): it is damaged, or "
                    "of another version of moto; start from nothing with `fraudline up --fresh`"
                ) from error
        self._thread.start()

    def stop(self) -> None:
        """Write what changed since the last snapshot."""
        self._stopping.set()
        self._dirty.set()
        self._thread.join()
        self.write()
        self._blobs.close()

    def watch(self, app: WsgiApp) -> WsgiApp:
        """Wrap moto's WSGI application: every request that may change state asks for a snapshot."""

        def watched(environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
            try:
                return app(environ, start_response)
            finally:
                if environ["REQUEST_METHOD"] not in ("GET", "HEAD"):
                    self._dirty.set()

        return watched

    def changed(self) -> None:
        """Ask for a snapshot."""
        self._dirty.set()

    def write(self) -> None:
        """Write a snapshot now, atomically."""
        for attempt in range(_ATTEMPTS):
            try:
                raw, blob_ids = pickler.dump(self._blobs)
                break
            except RuntimeError:  # a collection changed while it was being read
                if attempt == _ATTEMPTS - 1:
                    raise
                time.sleep(0.05)
        temporary = self._file.with_suffix(".new")
        temporary.write_bytes(raw)
        temporary.replace(self._file)
        self._blobs.keep_only(blob_ids)

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
                _log.exception("moto's state could not be saved; a restart would lose recent changes")
            self._stopping.wait((time.monotonic() - started) / _DUTY)


class _LmdbBlobs:
    def __init__(self, path: Path) -> None:
        path.mkdir(exist_ok=True)
        self._env = lmdb.open(str(path), map_size=64 << 30, sync=False, metasync=False)

    def save(self, body: bytes) -> str:
        blob_id = uuid.uuid4().hex
        with self._env.begin(write=True) as txn:
            txn.put(blob_id.encode(), body)
        return blob_id

    def load(self, blob_id: str) -> bytes:
        with self._env.begin() as txn:
            body = txn.get(blob_id.encode())
        if body is None:
            raise ValueError(f"blob {blob_id} of the snapshot is gone; start with --fresh")
        return bytes(body)

    def keep_only(self, blob_ids: set[str]) -> None:
        """Delete bodies of objects that no longer exist."""
        with self._env.begin() as txn, txn.cursor() as cursor:
            gone = [key for key in cursor.iternext(values=False) if bytes(key).decode() not in blob_ids]
        if gone:
            with self._env.begin(write=True) as txn:
                for key in gone:
                    txn.delete(key)

    def close(self) -> None:
        self._env.close()


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


def start(cloud: Cloud) -> None:
    of(cloud).start()


def stop(cloud: Cloud) -> None:
    _running.pop(cloud.state_dir).stop()
