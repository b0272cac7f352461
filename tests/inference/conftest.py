"""One server with a model and one feature store, shared by the tests of a module."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.inference.running import Server, Store, write_bundle


@pytest.fixture(scope="session")
def bundle_dir(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_bundle(tmp_path_factory.mktemp("bundle"))


@pytest.fixture(scope="module")
def store() -> Iterator[Store]:
    running = Store()
    yield running
    running.close()


@pytest.fixture(scope="module")
def server(bundle_dir: Path, store: Store) -> Iterator[Server]:
    running = Server(bundle_dir, store.url).start()
    yield running
    running.stop()
