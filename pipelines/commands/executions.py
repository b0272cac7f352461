"""Pipeline executions: start one, and follow its steps while they run."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from botocore.exceptions import ClientError

FINAL = ("Succeeded", "Failed", "Stopped")


class ExecutionError(Exception):
    """The execution could not be started or found; the message says what to do."""


@dataclass(frozen=True, slots=True)
class Step:
    """A step of an execution, as last seen. `seconds` is its run time so far."""

    name: str
    status: str
    seconds: float | None
    failure: str | None

    @classmethod
    def of(cls, document: Mapping[str, Any], now: datetime) -> Step:
        start, end = document.get("StartTime"), document.get("EndTime") or now
        return cls(
            document["StepName"],
            document["StepStatus"],
            None if start is None else max((end - start).total_seconds(), 0.0),
            document.get("FailureReason"),
        )

    def as_dict(self) -> dict[str, Any]:
        """The step as a JSON document."""
        return {
            "name": self.name,
            "status": self.status,
            "seconds": self.seconds,
            "failure": self.failure,
        }


@dataclass(frozen=True, slots=True)
class Execution:
    """An execution, as last seen, with its steps in the order they started."""

    arn: str
    status: str
    failure: str | None
    steps: tuple[Step, ...]

    @property
    def final(self) -> bool:
        return self.status in FINAL

    def as_dict(self) -> dict[str, Any]:
        """The execution as a JSON document."""
        steps = [step.as_dict() for step in self.steps]
        return {"arn": self.arn, "status": self.status, "failure": self.failure, "steps": steps}


def start(sagemaker: Any, pipeline: str, parameters: Mapping[str, str]) -> str:
    """Start an execution; returns its ARN.

    Raises:
        ExecutionError: the pipeline does not exist, or a parameter does not fit.
    """
    try:
        answer = sagemaker.start_pipeline_execution(
            PipelineName=pipeline,
            PipelineParameters=[{"Name": k, "Value": v} for k, v in parameters.items()],
        )
    except ClientError as error:
        raise ExecutionError(f"{pipeline} was not started: {error.response['Error']['Message']}") from error
    arn: str = answer["PipelineExecutionArn"]
    return arn


def retry(sagemaker: Any, arn: str) -> None:
    """Go on with an execution from the steps that did not succeed.

    Raises:
        ExecutionError: there is none of that ARN, or it neither failed nor was stopped.
    """
    try:
        sagemaker.retry_pipeline_execution(PipelineExecutionArn=arn)
    except ClientError as error:
        raise ExecutionError(f"{arn} was not retried: {error.response['Error']['Message']}") from error


def latest(sagemaker: Any, pipeline: str) -> str:
    """ARN of the newest execution.

    Raises:
        ExecutionError: there is none, or no such pipeline.
    """
    try:
        found = sagemaker.list_pipeline_executions(
            PipelineName=pipeline, SortBy="CreationTime", SortOrder="Descending", MaxResults=1
        )["PipelineExecutionSummaries"]
    except ClientError as error:
        raise ExecutionError(f"{pipeline}: {error.response['Error']['Message']}") from error
    if not found:
        raise ExecutionError(f"{pipeline} never ran: start it with `fraudline pipeline run`")
    arn: str = found[0]["PipelineExecutionArn"]
    return arn


def describe(sagemaker: Any, arn: str) -> Execution:
    """The execution and its steps as they are now."""
    document = sagemaker.describe_pipeline_execution(PipelineExecutionArn=arn)
    pages = sagemaker.get_paginator("list_pipeline_execution_steps").paginate(
        PipelineExecutionArn=arn, SortOrder="Ascending"
    )
    documents = [step for page in pages for step in page["PipelineExecutionSteps"]]
    now = datetime.now().astimezone()
    return Execution(
        arn,
        document["PipelineExecutionStatus"],
        document.get("FailureReason"),
        tuple(Step.of(step, now) for step in documents),
    )


def follow(
    sagemaker: Any, arn: str, *, every_s: float = 0.5, sleep: Callable[[float], None] = time.sleep
) -> Iterator[Execution]:
    """The execution again and again, at least until it is final; the last one is."""
    while True:
        execution = describe(sagemaker, arn)
        yield execution
        if execution.final:
            return
        sleep(every_s)


def changes(executions: Iterator[Execution]) -> Iterator[tuple[Execution, Step]]:
    """Every step once for each status it had."""
    seen: dict[str, str] = {}
    for execution in executions:
        for step in execution.steps:
            if seen.get(step.name) != step.status:
                seen[step.name] = step.status
                yield execution, step
