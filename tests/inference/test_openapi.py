"""Requests that schemathesis makes of the server's own description get what it describes."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, given, settings
from schemathesis import GenerationMode
from schemathesis.checks import not_a_server_error
from schemathesis.core.result import Ok
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from tests.inference.running import Server, Store

_CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_schema_conformance,
]


@pytest.fixture(scope="module")
def server(bundle_dir: Path, store: Store) -> Iterator[Server]:
    running = Server(bundle_dir, store.url, {"FRAUDLINE_AUDIT_URI": ""}).start()
    yield running
    running.stop()


def _hold(server: Server, examples: int) -> Counter[int]:
    """Every operation, so many times; how often which status came."""
    found = Counter[int]()
    schema = schemathesis.openapi.from_url(f"http://127.0.0.1:{server.port}/openapi.json")
    for result in schema.get_all_operations():
        assert isinstance(result, Ok), result
        operation = result.ok()
        for mode in (GenerationMode.POSITIVE, GenerationMode.NEGATIVE):
            if mode is GenerationMode.NEGATIVE and operation.method == "get":
                continue  # a ping has nothing that could be wrong

            @settings(max_examples=examples, deadline=None, suppress_health_check=list(HealthCheck))
            @given(case=operation.as_strategy(generation_mode=mode))
            def ask(case: schemathesis.Case[Any]) -> None:
                found[case.call_and_validate(checks=_CHECKS).status_code] += 1

            ask()
    assert server.decide()["decided_by"] == "model"
    return found


@pytest.mark.slow
def test_what_is_described_is_what_happens(server: Server) -> None:
    found = _hold(server, 200)
    assert found[200] > 20, found
    assert found[422] > 20, found


@pytest.mark.drill
@pytest.mark.timeout(3_000)
def test_what_is_described_is_what_happens_for_twenty_thousand_requests(server: Server) -> None:
    print(dict(_hold(server, int(os.environ.get("FRAUDLINE_FUZZ", "200000")) // 20)))
