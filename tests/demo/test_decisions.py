"""The client of the endpoint: what it refuses is told apart from what fails."""

from __future__ import annotations

import io
from dataclasses import replace
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from botocore.exceptions import ClientError

from feature_groups.names import Names
from mirror.demo.data import prepare
from mirror.demo.decisions import Client, RefusedError, first_live_record
from mirror.demo.run import DemoError, Options, Run
from mirror.demo.screen import Screen


class _ModelError(ClientError):  # type: ignore[misc]  # botocore is untyped
    def __init__(self, status: int) -> None:
        answer: Any = {
            "Error": {"Code": "ModelError"},
            "OriginalStatusCode": status,
            "OriginalMessage": "amount",
        }
        super().__init__(answer, "InvokeEndpoint")


class _Runtime:
    """An endpoint that answers 200, or with the status it is told."""

    class exceptions:  # noqa: N801 - as on a boto3 client
        ModelError = _ModelError

    def __init__(self, status: int) -> None:
        self._status = status

    def invoke_endpoint(self, **_: Any) -> dict[str, Any]:
        if self._status != 200:
            raise _ModelError(self._status)
        return {"Body": io.BytesIO(b'{"decision": "approve"}')}


def _run(tmp_path: Path) -> Run:
    return Run(Options(None, None, 30, 6_000, 7, 100, 0, tmp_path, False), Screen(to_stderr=True), Names())


def _client(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, status: int) -> Client:
    monkeypatch.setattr(Run, "client", lambda *_: _Runtime(status))
    return Client(_run(tmp_path))


def test_a_decision_has_its_latency(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    answer = _client(tmp_path, monkeypatch, 200).decide(b"{}")
    assert answer.document == {"decision": "approve"}
    assert answer.latency_ms > 0


@pytest.mark.parametrize(("status", "error"), [(422, RefusedError), (400, RefusedError), (500, ClientError)])
def test_only_a_4xx_is_a_refusal(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, status: int, error: type[Exception]
) -> None:
    client = _client(tmp_path, monkeypatch, status)
    with pytest.raises(error):
        client.decide(b"{}")


def test_a_broken_first_transaction_is_passed_over(tmp_path: Path) -> None:
    run = _run(tmp_path)
    prepare(run)
    first, second = run.live_data.transactions["transaction_id"][:2].to_pylist()
    assert f'"{first}"'.encode() in first_live_record(run).data
    rows = run.live_data.transactions
    at = rows.schema.get_field_index("amount")
    amounts = rows["amount"].to_pylist()
    broken = rows.set_column(at, "amount", pa.array([0.0, *amounts[1:]]))
    run.live = replace(run.live_data, transactions=broken)
    assert f'"{second}"'.encode() in first_live_record(run).data
    run.live = replace(run.live_data, transactions=broken.slice(0, 1))
    with pytest.raises(DemoError, match="check the column map"):
        first_live_record(run)
