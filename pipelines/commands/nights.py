"""Nights by name: what a person writes, and which nights nobody has run."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from typing import Any

from botocore.exceptions import ClientError

from pipelines.commands.executions import ExecutionError
from processing.lake.nights import NIGHT_FORMAT

START = time(2, tzinfo=UTC)
"""When the night of a date begins; its as-of time."""
RUNNING = ("Executing", "Stopping")


class NightError(ValueError):
    """The text names no night that has come; the message says how to write one."""


def name_of(moment: datetime) -> str:
    """The one name of the night that is as of `moment`."""
    return moment.astimezone(UTC).strftime(NIGHT_FORMAT)


def newest(now: datetime) -> datetime:
    """The night that has begun last."""
    today = datetime.combine(now.astimezone(UTC).date(), START)
    return today if today <= now else today - timedelta(days=1)


def parse(text: str, now: datetime) -> str:
    """The name of the night that `text` means: a date, or a moment in any zone (without one, UTC).

    >>> parse("2026-03-01", datetime(2026, 3, 2, tzinfo=UTC))
    '2026-03-01T02:00:00Z'
    >>> parse("2026-03-01T03:30:00+01:00", datetime(2026, 3, 2, tzinfo=UTC))
    '2026-03-01T02:30:00Z'

    Raises:
        NightError: it is neither, has fractions of a second, or has not come yet.
    """
    moment = _moment(text)
    if moment.microsecond:
        raise NightError(f"{text!r} has fractions of a second; write it like 2026-03-01T02:00:00Z")
    if moment > now:
        raise NightError(f"{name_of(moment)} has not come yet: what happens before it is not known")
    return name_of(moment)


def missed(sagemaker: Any, pipeline: str, count: int, now: datetime) -> list[str]:
    """Which of the last `count` nights no execution has finished or is running, oldest first.

    A night counts by the UTC date of its as-of time, so schedules at another hour are recognised.

    Raises:
        ExecutionError: there is no such pipeline.
    """
    last = newest(now)
    nights = [last - timedelta(days=age) for age in range(count - 1, -1, -1)]
    done = _dates_run(sagemaker, pipeline, datetime.combine(nights[0].date(), time(0, tzinfo=UTC)))
    return [name_of(night) for night in nights if night.date() not in done]


def _moment(text: str) -> datetime:
    try:
        return datetime.combine(date.fromisoformat(text), START)
    except ValueError:
        pass
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise NightError(
            f"{text!r} is neither a date nor a moment; write 2026-03-01 for its night at 02:00 UTC, "
            "or 2026-03-01T02:00:00Z"
        ) from None
    return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)


def _dates_run(sagemaker: Any, pipeline: str, since: datetime) -> set[date]:
    """Dates of the nights of executions since then that succeeded or still run; none could run earlier."""
    pages = sagemaker.get_paginator("list_pipeline_executions").paginate(
        PipelineName=pipeline, CreatedAfter=since
    )
    try:
        found = [item for page in pages for item in page["PipelineExecutionSummaries"]]
    except ClientError as error:
        raise ExecutionError(f"{pipeline}: {error.response['Error']['Message']}") from error
    dates = set()
    for execution in found:
        if execution["PipelineExecutionStatus"] in ("Succeeded", *RUNNING):
            dates.add(_as_of(sagemaker, execution["PipelineExecutionArn"]).date())
    return dates


def _as_of(sagemaker: Any, arn: str) -> datetime:
    pages = sagemaker.get_paginator("list_pipeline_parameters_for_execution").paginate(
        PipelineExecutionArn=arn
    )
    values = {item["Name"]: item["Value"] for page in pages for item in page["PipelineParameters"]}
    try:
        return _moment(values.get("AsOf", ""))
    except NightError:
        return datetime.min.replace(tzinfo=UTC)  # started when any text was taken: it is no night
