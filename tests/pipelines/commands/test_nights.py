"""Nights by name, and the ones that are missing."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from click.testing import CliRunner

from pipelines.commands import nights
from pipelines.commands.nights import NightError
from pipelines.commands.pipeline import pipeline
from processing.commands import target

NOW = datetime(2026, 3, 4, 12, tzinfo=UTC)
ARN = "arn:aws:sagemaker:us-east-1:123456789012:pipeline/fraudline-dev-nightly/execution/"


class _Service:
    """A pipeline whose executions ended as told: ``(as-of, status)``, oldest first."""

    def __init__(self, *executions: tuple[str, str]) -> None:
        self.executions = list(executions)
        self.started: list[dict[str, str]] = []
        self.retried: list[str] = []
        self.since: datetime | None = None

    def get_paginator(self, name: str) -> Any:
        return _Pages(getattr(self, name))

    def list_pipeline_executions(self, **request: Any) -> dict[str, Any]:
        self.since = request.get("CreatedAfter")
        found = [
            {"PipelineExecutionArn": f"{ARN}{index}", "PipelineExecutionStatus": status}
            for index, (_, status) in enumerate(self.executions)
        ]
        return {"PipelineExecutionSummaries": found[::-1]}

    def list_pipeline_parameters_for_execution(self, **request: str) -> dict[str, Any]:
        as_of = self.executions[int(request["PipelineExecutionArn"].removeprefix(ARN))][0]
        return {"PipelineParameters": [{"Name": "AsOf", "Value": as_of}, {"Name": "TestDays", "Value": "7"}]}

    def list_pipeline_execution_steps(self, **_: str) -> dict[str, Any]:
        return {"PipelineExecutionSteps": []}

    def describe_pipeline_execution(self, **request: str) -> dict[str, str]:
        status = self.executions[int(request["PipelineExecutionArn"].removeprefix(ARN))][1]
        return {"PipelineExecutionStatus": status}

    def start_pipeline_execution(self, **request: Any) -> dict[str, str]:
        values = {item["Name"]: item["Value"] for item in request["PipelineParameters"]}
        self.started.append(values)
        self.executions.append(
            (values["AsOf"], "Failed" if values["AsOf"].startswith("2020") else "Succeeded")
        )
        return {"PipelineExecutionArn": f"{ARN}{len(self.executions) - 1}"}

    def retry_pipeline_execution(self, **request: str) -> None:
        self.retried.append(request["PipelineExecutionArn"])


class _Pages:
    def __init__(self, operation: Any) -> None:
        self._operation = operation

    def paginate(self, **request: Any) -> Iterator[dict[str, Any]]:
        yield self._operation(**request)


def _run(monkeypatch: pytest.MonkeyPatch, service: _Service, *arguments: str) -> tuple[int, str]:
    monkeypatch.setattr(target.Target, "client", lambda *_: service)
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:1")
    result = CliRunner().invoke(pipeline, arguments)
    return result.exit_code, result.stdout if result.exit_code == 0 else result.output


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("2026-03-01", "2026-03-01T02:00:00Z"),
        ("2026-03-01T02:00:00Z", "2026-03-01T02:00:00Z"),
        ("2026-03-01T02:00", "2026-03-01T02:00:00Z"),
        ("2026-03-01T03:30:00+01:00", "2026-03-01T02:30:00Z"),
        ("2026-02-28T21:00:00.000-05:00", "2026-03-01T02:00:00Z"),
    ],
)
def test_a_moment_has_one_name_however_it_is_written(text: str, name: str) -> None:
    assert nights.parse(text, NOW) == name


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("auto", "neither a date nor a moment; write 2026-03-01"),
        ("2026-02-30", "neither a date nor a moment"),
        ("", "neither a date nor a moment"),
        ("2026-03-01T02:00:00.5Z", "fractions of a second"),
        ("2026-03-05", "2026-03-05T02:00:00Z has not come yet"),
    ],
)
def test_what_names_no_night_is_answered_with_how_to_write_one(text: str, reason: str) -> None:
    with pytest.raises(NightError, match=reason):
        nights.parse(text, NOW)


def test_the_newest_night_has_begun() -> None:
    two = datetime(2026, 3, 4, 2, tzinfo=UTC)
    assert nights.newest(two) == two
    assert nights.newest(two - timedelta(seconds=1)) == two - timedelta(days=1)


def test_nights_without_a_success_are_missing_whatever_the_hour_of_the_schedule() -> None:
    service = _Service(
        ("2026-02-28T02:00:00Z", "Succeeded"),
        ("2026-03-01T02:30:00Z", "Succeeded"),  # a schedule at another hour
        ("2026-03-02T02:00:00Z", "Failed"),
        ("2026-03-03T02:00:00Z", "Executing"),
        ("auto", "Succeeded"),  # from before nights had names
    )
    assert nights.missed(service, "nightly", 5, NOW) == ["2026-03-02T02:00:00Z", "2026-03-04T02:00:00Z"]
    assert service.since == datetime(2026, 2, 28, tzinfo=UTC)
    assert nights.missed(service, "nightly", 1, NOW) == ["2026-03-04T02:00:00Z"]


def test_a_date_is_started_as_its_night(monkeypatch: pytest.MonkeyPatch) -> None:
    service = _Service()
    code, output = _run(monkeypatch, service, "run", "--as-of", "2026-03-01", "-p", "TestDays=5", "--json")
    assert code == 0
    assert service.started == [{"AsOf": "2026-03-01T02:00:00Z", "TestDays": "5"}]
    assert json.loads(output)["arn"] == f"{ARN}0"


def test_without_a_night_the_newest_runs(monkeypatch: pytest.MonkeyPatch) -> None:
    service = _Service()
    before = nights.newest(datetime.now(UTC))
    assert _run(monkeypatch, service, "run")[0] == 0
    assert service.started[0]["AsOf"] in {
        nights.name_of(before),
        nights.name_of(nights.newest(datetime.now(UTC))),
    }


def test_missing_nights_are_caught_up_oldest_first(monkeypatch: pytest.MonkeyPatch) -> None:
    last = nights.newest(datetime.now(UTC))
    service = _Service((nights.name_of(last - timedelta(days=1)), "Succeeded"))
    code, output = _run(monkeypatch, service, "run", "--catch-up", "3", "--json")
    assert code == 0
    assert [values["AsOf"] for values in service.started] == [
        nights.name_of(last - timedelta(days=2)),
        nights.name_of(last),
    ]
    assert [item["status"] for item in json.loads(output)] == ["Succeeded", "Succeeded"]
    code, output = _run(monkeypatch, service, "run", "--catch-up", "3", "--json")
    assert (code, json.loads(output), len(service.started)) == (0, [], 2)


def test_a_night_that_fails_is_an_exit_code(monkeypatch: pytest.MonkeyPatch) -> None:
    assert _run(monkeypatch, _Service(), "run", "--as-of", "2020-01-01")[0] == 1
    assert _run(monkeypatch, _Service(), "run", "--as-of", "2020-01-01", "--no-wait")[0] == 0


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--as-of", "soon"], "neither a date nor a moment"),
        (["--as-of", ""], "neither a date nor a moment"),
        (["-p", "AsOf=2026-03-01"], "AsOf names the night: use --as-of"),
        (["--as-of", "2026-03-01", "--catch-up", "2"], "use one of them"),
        (["--catch-up", "0"], "--catch-up"),
    ],
)
def test_mistakes_start_nothing(monkeypatch: pytest.MonkeyPatch, arguments: list[str], message: str) -> None:
    service = _Service()
    code, output = _run(monkeypatch, service, "run", *arguments)
    assert (code, service.started) == (2, [])
    assert message in output


def test_the_newest_execution_is_retried_or_the_one_that_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    service = _Service(("2026-03-01T02:00:00Z", "Failed"), ("2026-03-02T02:00:00Z", "Succeeded"))
    code, output = _run(monkeypatch, service, "retry", "--json")
    assert (code, json.loads(output)["arn"], service.retried) == (0, f"{ARN}1", [f"{ARN}1"])
    assert _run(monkeypatch, service, "retry", f"{ARN}0")[0] == 1
    assert service.retried == [f"{ARN}1", f"{ARN}0"]
