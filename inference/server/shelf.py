"""Which models are loaded, for all workers of an instance: a file that each looks at."""

from __future__ import annotations

import fcntl
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import msgspec

_decode = msgspec.json.Decoder(dict[str, str]).decode


class AlreadyLoadedError(Exception):
    """A model of that name is on the shelf."""


class FullError(Exception):
    """No more models fit."""


class Shelf:
    """Models by name, each with the folder of its files.

    Args:
        folder: shared by the workers; made by whoever starts them.
        most: models that may be loaded at a time.
    """

    def __init__(self, folder: Path, most: int) -> None:
        self._file, self._lock = folder / "models.json", folder / "lock"
        self._most = most
        self._seen = -1
        self._models: dict[str, str] = {}

    @property
    def models(self) -> dict[str, str]:
        """What is loaded now, in the order of loading."""
        try:
            changed = self._file.stat().st_mtime_ns
        except FileNotFoundError:
            return {}
        if changed != self._seen:
            self._models, self._seen = _decode(self._file.read_bytes()), changed
        return self._models

    def put(self, name: str, folder: str) -> None:
        """Load a model.

        Raises:
            AlreadyLoadedError, FullError: see there.
        """
        with self._changing() as models:
            if name in models:
                raise AlreadyLoadedError(name)
            if len(models) >= self._most:
                raise FullError(f"{self._most} models are loaded")
            models[name] = folder

    def take(self, name: str) -> bool:
        """Unload a model; False when there is none of that name."""
        with self._changing() as models:
            return models.pop(name, None) is not None

    @contextmanager
    def _changing(self) -> Iterator[dict[str, str]]:
        with self._lock.open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            models = dict(self.models)
            yield models
            draft = self._file.with_suffix(".tmp")
            draft.write_bytes(msgspec.json.encode(models))
            draft.replace(self._file)
