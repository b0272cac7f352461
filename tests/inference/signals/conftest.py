"""One bureau for the tests of a module; every test finds it whole."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.inference.signals.bureaus import Bureau


@pytest.fixture(scope="module")
def running() -> Iterator[Bureau]:
    bureau = Bureau()
    yield bureau
    assert bureau.stop() == 0


@pytest.fixture
def bureau(running: Bureau) -> Iterator[Bureau]:
    yield running
    running.fault("none")
