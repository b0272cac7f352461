"""Events about executions and their steps, with the details that SageMaker documents."""

from __future__ import annotations

from mirror import events
from mirror.api import Context, Document
from mirror.timestamps import jsonable

_SOURCE = "aws.sagemaker"


def publish_execution(ctx: Context, execution: Document, previous: str | None) -> None:
    """An execution has a new status."""
    status = execution["PipelineExecutionStatus"]
    detail = {
        "pipelineArn": execution["PipelineArn"],
        "pipelineExecutionArn": execution["PipelineExecutionArn"],
        "pipelineExecutionDisplayName": execution.get("PipelineExecutionDisplayName"),
        "pipelineExecutionDescription": execution.get("PipelineExecutionDescription"),
        "currentPipelineExecutionStatus": status,
        "previousPipelineExecutionStatus": previous,
        "executionStartTime": execution["CreationTime"],
        "executionEndTime": None if status in ("Executing", "Stopping") else execution["LastModifiedTime"],
    }
    _publish(ctx, "SageMaker Model Building Pipeline Execution Status Change", detail)


def publish_step(ctx: Context, execution: Document, step: Document, previous: str | None) -> None:
    """A step has a new status."""
    detail = {
        "pipelineArn": execution["PipelineArn"],
        "pipelineExecutionArn": execution["PipelineExecutionArn"],
        "stepName": step["StepName"],
        "stepType": step["_Type"],
        "currentStepStatus": step["StepStatus"],
        "previousStepStatus": previous,
        "stepStartTime": step["StartTime"],
        "stepEndTime": step.get("EndTime"),
        "failureReason": step.get("FailureReason"),
        "cacheHitResult": step.get("CacheHitResult"),
        "metadata": step.get("Metadata"),
    }
    _publish(ctx, "SageMaker Model Building Pipeline Execution Step Status Change", detail)


def _publish(ctx: Context, detail_type: str, detail: Document) -> None:
    known = jsonable({key: value for key, value in detail.items() if value is not None})
    events.publish(ctx, _SOURCE, detail_type, known, [detail["pipelineArn"], detail["pipelineExecutionArn"]])
