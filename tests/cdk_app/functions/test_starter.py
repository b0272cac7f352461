"""The starter brings an application to run, or says why it does not."""

from __future__ import annotations

from typing import Any

import pytest

from cdk_app.functions.clock import StillInProgressError
from cdk_app.functions.starter import handler
from cdk_app.functions.starter.start import NotStartedError, start
from tests.cdk_app.functions.fakes import deadline


class FakeAnalytics:
    """An application that goes through `then` once it is started."""

    def __init__(self, status: str, *then: str) -> None:
        self.status, self._then = status, list(then)
        self.starts: list[dict[str, Any]] = []

    def describe_application(self, **request: str) -> dict[str, Any]:
        shown = self.status
        if self._then and (self.starts or self.status != "READY"):
            self.status = self._then.pop(0)
        return {"ApplicationDetail": {**request, "ApplicationStatus": shown}}

    def start_application(self, **request: Any) -> dict[str, str]:
        self.starts.append(request)
        self.status = self._then.pop(0)
        return {"OperationId": "op-1"}

    def describe_application_operation(self, **request: str) -> dict[str, Any]:
        assert request == {"ApplicationName": "job", "OperationId": "op-1"}
        failure = {"ErrorInfo": {"ErrorString": "Flink is not installed: run `make engines`"}}
        return {"ApplicationOperationInfoDetails": {"OperationFailureDetails": failure}}


def test_a_ready_application_is_started_from_its_latest_snapshot() -> None:
    analytics = FakeAnalytics("READY", "STARTING", "STARTING", "RUNNING")
    start(analytics, "job", deadline())
    (request,) = analytics.starts
    assert request["ApplicationName"] == "job"
    restore = request["RunConfiguration"]["ApplicationRestoreConfiguration"]
    assert restore == {"ApplicationRestoreType": "RESTORE_FROM_LATEST_SNAPSHOT"}


@pytest.mark.parametrize("then", [(), ("UPDATING", "RUNNING")])
def test_one_that_runs_or_comes_back_by_itself_is_left_alone(then: tuple[str, ...]) -> None:
    analytics = FakeAnalytics("RUNNING" if not then else "UPDATING", *then)
    start(analytics, "job", deadline())
    assert analytics.starts == []


def test_one_that_does_not_start_says_why() -> None:
    analytics = FakeAnalytics("READY", "STARTING", "READY")
    with pytest.raises(
        NotStartedError, match="job does not start: Flink is not installed: run `make engines`"
    ):
        start(analytics, "job", deadline())
    assert len(analytics.starts) == 1


def test_running_out_of_time_leaves_the_rest_for_the_next_run() -> None:
    with pytest.raises(StillInProgressError, match="job, which is STARTING"):
        start(FakeAnalytics("READY", *["STARTING"] * 99), "job", deadline(looks=3))


@pytest.mark.parametrize(
    ("request_type", "status", "answer"),
    [("Create", "RUNNING", "SUCCESS"), ("Delete", "READY", "SUCCESS"), ("Update", "READY", "FAILED")],
)
def test_cloudformation_is_answered(
    monkeypatch: pytest.MonkeyPatch, request_type: str, status: str, answer: str
) -> None:
    answers: list[tuple[str, str, str]] = []

    def respond(_event: Any, found: str, physical_id: str, *, reason: str = "") -> None:
        answers.append((found, physical_id, reason))

    analytics = FakeAnalytics(status, "READY")
    monkeypatch.setattr(handler, "respond", respond)
    monkeypatch.setattr("boto3.client", lambda _service: analytics)
    monkeypatch.setattr(handler, "Deadline", lambda _remaining: deadline())

    class Invocation:
        get_remaining_time_in_millis = None

    handler.handle({"RequestType": request_type, "ResourceProperties": {"Application": "job"}}, Invocation)
    ((found, physical_id, reason),) = answers
    assert (found, physical_id) == (answer, "job-running")
    assert ("make engines" in reason) == (answer == "FAILED")
