"""Features from the embedded store: read at once, from memory that the stream's process writes."""

from __future__ import annotations

import logging
import os
import time
from pathlib import Path
from typing import Any

import lmdb

from inference.stores.base import FeaturesUnavailableError, Records
from inference.stores.packed import Progress, records
from processing.online.codec import MERCHANT, PROFILE, PROGRESS, STREAM, USER, key
from processing.online.embedded import MAP_SIZE, MOST_READERS

log = logging.getLogger("inference")

_RETRY_S = 1.0
_PROGRESS_KEY = key(PROGRESS, STREAM)


class EmbeddedReader:
    """Reads the LMDB store in `folder`. A store that is not there yet is looked for once a second.

    Args:
        folder: what the stream's ``FRAUDLINE_LMDB_PATH`` names, on this machine.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._env: Any = None
        self._retry_at = 0.0
        self._problem = ""
        self._progress = Progress()

    def open(self) -> None:
        """Open the store.

        Raises:
            FeaturesUnavailableError: it is not there, or cannot be read.
        """
        now = time.monotonic()
        if now < self._retry_at:
            raise FeaturesUnavailableError(self._problem)
        try:
            self._env = lmdb.open(
                os.fspath(self._folder),
                map_size=MAP_SIZE,
                max_readers=MOST_READERS,
                readonly=True,
                create=False,
                max_spare_txns=2,
            )
        except (OSError, lmdb.Error) as error:
            self._retry_at = now + _RETRY_S
            self._problem = (
                f"the embedded store {self._folder} cannot be opened ({error}): start the stream with "
                "FRAUDLINE_FEATURE_BACKEND=lmdb and the same FRAUDLINE_LMDB_PATH"
            )
            raise FeaturesUnavailableError(self._problem) from error

    def warmed(self) -> EmbeddedReader:
        """The reader itself, opened; a store that is not there yet is logged, not fatal."""
        try:
            self.read_now("warm-up", "warm-up")
        except FeaturesUnavailableError as error:
            log.warning("the store does not answer yet: %s", error)
        return self

    def read_now(self, user_id: str, merchant_id: str) -> Records:
        """See `FeatureReader`."""
        if self._env is None:
            self.open()
        now_ms = time.time() * 1000
        progress = None
        is_old = self._progress.is_old(now_ms)
        try:
            # Copied out of the map, which is only there until the transaction ends: that takes 0.1 us.
            with self._env.begin() as txn:
                profile = txn.get(key(PROFILE, user_id))
                user = txn.get(key(USER, user_id))
                merchant = txn.get(key(MERCHANT, merchant_id))
                if is_old:
                    progress = txn.get(_PROGRESS_KEY)
        except lmdb.Error as error:
            raise FeaturesUnavailableError(f"the embedded store failed: {type(error).__name__}") from error
        if is_old:
            self._progress.note(progress, now_ms)
        return records(profile, user, merchant, now_ms, self._progress)

    async def read(self, user_id: str, merchant_id: str) -> Records:
        """See `FeatureReader`."""
        return self.read_now(user_id, merchant_id)

    def close(self) -> None:
        """Close the store."""
        if self._env is not None:
            self._env.close()
            self._env = None
