"""Brings an application to run, whatever it was doing."""

from __future__ import annotations

from typing import Any

from cdk_app.functions.clock import Deadline

_RESUME = {"ApplicationRestoreConfiguration": {"ApplicationRestoreType": "RESTORE_FROM_LATEST_SNAPSHOT"}}


class NotStartedError(Exception):
    """The application did not come to run; the message is the service's reason."""


def start(analytics: Any, application: str, deadline: Deadline) -> None:
    """Start `application`, unless it runs, and wait until it does.

    Args:
        analytics: a client of Managed Service for Apache Flink.

    Raises:
        NotStartedError: it could not be started.
        StillInProgressError: it is still starting when the invocation's time ends.
    """
    operation = None
    while (status := _status(analytics, application)) != "RUNNING":
        if status == "READY":
            if operation is not None:
                raise NotStartedError(_reason(analytics, application, operation))
            started = analytics.start_application(ApplicationName=application, RunConfiguration=_RESUME)
            operation = started["OperationId"]
        deadline.pause(f"application {application}, which is {status}")


def _status(analytics: Any, application: str) -> str:
    found = analytics.describe_application(ApplicationName=application)
    status: str = found["ApplicationDetail"]["ApplicationStatus"]
    return status


def _reason(analytics: Any, application: str, operation: str) -> str:
    found = analytics.describe_application_operation(ApplicationName=application, OperationId=operation)
    failure = found["ApplicationOperationInfoDetails"].get("OperationFailureDetails", {})
    text: str = failure.get("ErrorInfo", {}).get("ErrorString", "no reason given; see its log stream")
    return f"application {application} does not start: {text}"
