"""One PostgreSQL for a module."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.inference.decision_log.postgres import Postgres


@pytest.fixture(scope="module")
def postgres(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Postgres]:
    running = Postgres(tmp_path_factory.mktemp("pg"))
    yield running
    running.stop()
