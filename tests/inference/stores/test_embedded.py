"""The embedded store: what its reader gives, and what it says when it cannot."""

from __future__ import annotations

import subprocess
import sys
import time
from pathlib import Path

import lmdb
import pytest

from inference.stores import FeaturesUnavailableError, Records
from inference.stores.embedded import EmbeddedReader
from processing.online.codec import USER
from processing.online.embedded import LmdbWriter
from processing.online.writing import OnlineRecord
from tests.inference.stores.stored import LATEST_MS, expected, progress, stored, told


class Store:
    """The store on disk. LMDB is open once per process: writers and readers take turns here."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def write(self, *records: OnlineRecord) -> None:
        writer = LmdbWriter(self.folder, map_size=1 << 28)
        writer.write(records)
        writer.close()

    def read(self, user_id: str = "u-1", merchant_id: str = "m-1") -> Records:
        reader = EmbeddedReader(self.folder)
        try:
            return reader.read_now(user_id, merchant_id)
        finally:
            reader.close()


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store(tmp_path / "store")


def test_what_was_written_is_read_bit_for_bit(store: Store) -> None:
    store.write(*stored(), progress(int(time.time() * 1000) - 3000))
    found = store.read()
    assert told(found) == expected()
    assert found.user_time == found.merchant_time == "2026-03-01T12:33:56.789Z"
    assert found.profile_time == "2026-03-01T12:18:16.789Z"
    assert found.staleness_ms is not None
    assert 3000 <= found.staleness_ms < 60_000


def test_only_progress_makes_a_store_other_than_empty(store: Store) -> None:
    writer = LmdbWriter(store.folder, map_size=1 << 28)
    writer.write(stored())
    assert writer.is_empty()
    writer.write([progress(1)])
    assert not writer.is_empty()
    writer.close()


def test_entities_that_were_never_seen_are_none(store: Store) -> None:
    store.write(*stored())
    assert store.read("u-2", "m-2") == Records()
    mixed = store.read("u-1", "m-2")
    assert mixed.user is not None
    assert mixed.merchant is None


_WRITE_PROGRESS = """
import sys
from pathlib import Path
from processing.online.embedded import LmdbWriter
from tests.inference.stores.stored import progress
LmdbWriter(Path(sys.argv[1]), map_size=1 << 28).write([progress(int(sys.argv[2]))])
"""


def test_progress_of_another_process_is_read_again_after_a_moment(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    store.write(*stored())
    now_s = 1_800_000_000.0
    monkeypatch.setattr(time, "time", lambda: now_s)
    reader = EmbeddedReader(store.folder)
    assert reader.read_now("u-1", "m-1").staleness_ms is None
    written = str(int(now_s * 1000) - 500)
    subprocess.run([sys.executable, "-c", _WRITE_PROGRESS, str(store.folder), written], check=True)
    assert reader.read_now("u-1", "m-1").staleness_ms is None
    now_s += 0.25
    assert reader.read_now("u-1", "m-1").staleness_ms == 750
    now_s -= 3600  # the clock was set back
    assert reader.read_now("u-1", "m-1").staleness_ms == 0
    reader.close()


def test_older_versions_do_not_replace_newer_ones(store: Store) -> None:
    store.write(*stored())
    store.write(OnlineRecord(USER, "u-1", LATEST_MS - 1, b"older"))
    assert told(store.read()) == expected()


def test_expired_records_are_not_read(store: Store) -> None:
    now_ms = int(time.time() * 1000)
    profile, user, _ = stored()
    store.write(profile._replace(expires_ms=now_ms + 60_000), user._replace(expires_ms=now_ms - 1))
    found = store.read()
    assert found.profile is not None
    assert found.user is None


def test_a_store_that_comes_late_is_found(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    reader = EmbeddedReader(store.folder).warmed()
    with pytest.raises(FeaturesUnavailableError, match="FRAUDLINE_LMDB_PATH"):
        reader.read_now("u-1", "m-1")
    store.write(*stored())
    with pytest.raises(FeaturesUnavailableError, match="cannot be opened"):  # it does not look every time
        reader.read_now("u-1", "m-1")
    later = time.monotonic() + 1.1
    monkeypatch.setattr(time, "monotonic", lambda: later)
    assert told(reader.read_now("u-1", "m-1")) == expected()
    reader.close()


@pytest.mark.parametrize("garbage", [b"", b"short", bytes(range(1, 250)), b"\xc0" * 40])
@pytest.mark.parametrize("at", [0, 1, 2])
def test_garbage_is_unreadable(store: Store, garbage: bytes, at: int) -> None:
    records = stored()
    records[at] = records[at]._replace(payload=garbage)
    store.write(*records)
    with pytest.raises(FeaturesUnavailableError, match="unreadable"):
        store.read()


@pytest.mark.parametrize("name", [b"uu-1", b"stransactions-raw"])
def test_values_too_short_for_a_header_are_unreadable_and_replaced(store: Store, name: bytes) -> None:
    with lmdb.open(str(store.folder), map_size=1 << 28) as env, env.begin(write=True) as txn:
        txn.put(name, b"123")
    with pytest.raises(FeaturesUnavailableError, match="unreadable: ValueError"):
        store.read()
    store.write(*stored(), progress(1))
    assert told(store.read()) == expected()
