"""Following an execution: each step is told once for each status, until the end."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from botocore.exceptions import ClientError

from pipelines.commands import executions
from pipelines.commands.executions import ExecutionError
from pipelines.commands.pipeline import line

START = datetime(2026, 3, 1, tzinfo=UTC)
PLAY: list[tuple[str, dict[str, str]]] = [
    ("Executing", {}),
    ("Executing", {"BuildFeatures": "Executing"}),
    ("Executing", {"BuildFeatures": "Executing"}),
    ("Executing", {"BuildFeatures": "Succeeded", "TrainModel": "Executing"}),
    ("Failed", {"BuildFeatures": "Succeeded", "TrainModel": "Failed"}),
]


class _Service:
    """SageMaker's answers, one act of `PLAY` after the other."""

    def __init__(self) -> None:
        self.act = -1

    def describe_pipeline_execution(self, **_: str) -> dict[str, Any]:
        self.act += 1
        return {"PipelineExecutionStatus": PLAY[self.act][0], "FailureReason": "see the step"}

    def get_paginator(self, name: str) -> _Service:
        assert name == "list_pipeline_execution_steps"
        return self

    def paginate(self, **_: str) -> Iterator[dict[str, Any]]:
        steps = PLAY[self.act][1].items()
        for name, status in steps:
            end = {} if status == "Executing" else {"EndTime": START + timedelta(seconds=12)}
            failure = {"FailureReason": "one class"} if status == "Failed" else {}
            step = {"StepName": name, "StepStatus": status, "StartTime": START, **end, **failure}
            yield {"PipelineExecutionSteps": [step]}

    def start_pipeline_execution(self, **_: Any) -> dict[str, str]:
        raise ClientError({"Error": {"Code": "ResourceNotFound", "Message": "no such pipeline"}}, "Start")

    def list_pipeline_executions(self, **_: Any) -> dict[str, Any]:
        return {"PipelineExecutionSummaries": []}


def test_each_change_is_told_once() -> None:
    slept: list[float] = []
    followed = executions.follow(_Service(), "arn", every_s=0.5, sleep=slept.append)
    told = [(step.name, step.status) for _, step in executions.changes(followed)]
    assert told == [
        ("BuildFeatures", "Executing"),
        ("BuildFeatures", "Succeeded"),
        ("TrainModel", "Executing"),
        ("TrainModel", "Failed"),
    ]
    assert slept == [0.5] * 4


def test_a_failed_step_tells_its_time_and_reason() -> None:
    service = _Service()
    service.act = 3
    execution = executions.describe(service, "arn")
    assert execution.final
    assert execution.as_dict()["status"] == "Failed"
    text = line(execution.steps[1])
    assert "TrainModel" in text
    assert "12.0 s" in text
    assert "one class" in text


def test_a_missing_pipeline_is_named() -> None:
    with pytest.raises(ExecutionError, match="nightly was not started: no such pipeline"):
        executions.start(_Service(), "nightly", {})
    with pytest.raises(ExecutionError, match=r"nightly never ran: .*pipeline run"):
        executions.latest(_Service(), "nightly")
