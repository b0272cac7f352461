"""Start, Stop, Retry and Update of pipeline executions."""

from __future__ import annotations

import secrets
import string

from mirror.api import Context, Document, ServiceError, operation
from mirror.documents import utcnow
from mirror.pipelines import notices, parameters, store, tokens
from mirror.pipelines.pipelines_api import definition_of
from mirror.pipelines.service import executor
from mirror.pipelines.validation import load

_ALPHABET = string.ascii_lowercase + string.digits


@operation(
    "sagemaker",
    "StartPipelineExecution",
    coverage="partial",
    note="Steps of type Processing, Training, Condition, RegisterModel, Model, Lambda and Fail run, two at a "
    "time; selective execution is refused; MLflow settings have no effect.",
)
def start_pipeline_execution(ctx: Context, params: Document) -> Document:
    known = tokens.replayed(ctx, "StartPipelineExecution", params)
    if known is not None:
        return {"PipelineExecutionArn": known}
    if "SelectiveExecutionConfig" in params:
        raise ServiceError("ValidationException", "SelectiveExecutionConfig: not supported by this mirror")
    pipeline = store.get_pipeline(ctx, params["PipelineName"])
    version = int(params.get("PipelineVersionId") or pipeline["_Version"])
    definition = definition_of(ctx, pipeline, version)
    values = parameters.resolve(load(definition), params.get("PipelineParameters", []))
    execution = _document(ctx, pipeline, params, values)
    execution |= {"_Definition": definition, "PipelineVersionId": version}
    arn = execution["PipelineExecutionArn"]
    store.executions(ctx).put(ctx.region, store.execution_key(arn), execution)
    tokens.remember(ctx, "StartPipelineExecution", params, arn)
    store.pipelines(ctx).update(
        ctx.region,
        pipeline["PipelineName"],
        lambda document: {**document, "LastRunTime": execution["CreationTime"]},
    )
    notices.publish_execution(ctx, execution, None)
    executor(ctx.cloud).submit(ctx, arn)
    return {"PipelineExecutionArn": arn}


@operation("sagemaker", "StopPipelineExecution")
def stop_pipeline_execution(ctx: Context, params: Document) -> Document:
    arn = params["PipelineExecutionArn"]

    def change(document: Document) -> None:
        if document["PipelineExecutionStatus"] not in store.RUNNING:
            status = document["PipelineExecutionStatus"]
            raise ServiceError(
                "ConflictException", f"Pipeline execution {arn} cannot be stopped: it is {status}."
            )
        document["PipelineExecutionStatus"] = "Stopping"

    store.get_execution(ctx, arn)
    notices.publish_execution(ctx, store.update_execution(ctx, arn, change), "Executing")
    executor(ctx.cloud).stop(arn)
    return {"PipelineExecutionArn": arn}


@operation("sagemaker", "RetryPipelineExecution")
def retry_pipeline_execution(ctx: Context, params: Document) -> Document:
    arn = params["PipelineExecutionArn"]
    if tokens.replayed(ctx, "RetryPipelineExecution", params) is not None:
        return {"PipelineExecutionArn": arn}
    previous: list[str] = []

    def change(document: Document) -> None:
        status = document["PipelineExecutionStatus"]
        if status not in ("Failed", "Stopped"):
            raise ServiceError(
                "ConflictException",
                f"Pipeline execution {arn} cannot be retried: it is {status}, not Failed or Stopped.",
            )
        previous.append(status)
        document["PipelineExecutionStatus"] = "Executing"
        document.pop("FailureReason", None)
        if "ParallelismConfiguration" in params:
            document["ParallelismConfiguration"] = params["ParallelismConfiguration"]

    store.get_execution(ctx, arn)
    execution = store.update_execution(ctx, arn, change)
    tokens.remember(ctx, "RetryPipelineExecution", params, arn)
    notices.publish_execution(ctx, execution, previous[0])
    executor(ctx.cloud).submit(ctx, arn)
    return {"PipelineExecutionArn": arn}


@operation("sagemaker", "UpdatePipelineExecution")
def update_pipeline_execution(ctx: Context, params: Document) -> Document:
    fields = ("PipelineExecutionDescription", "PipelineExecutionDisplayName", "ParallelismConfiguration")
    arn = params["PipelineExecutionArn"]
    store.update_execution(
        ctx,
        arn,
        lambda document: {**document, **{field: params[field] for field in fields if field in params}},
    )
    return {"PipelineExecutionArn": arn}


def _document(ctx: Context, pipeline: Document, params: Document, values: Document) -> Document:
    """A new execution as it is stored."""
    execution_id = "".join(secrets.choice(_ALPHABET) for _ in range(12))
    now = utcnow()
    document: Document = {
        "PipelineArn": pipeline["PipelineArn"],
        "PipelineExecutionArn": f"{pipeline['PipelineArn']}/execution/{execution_id}",
        "PipelineExecutionDisplayName": params.get(
            "PipelineExecutionDisplayName", f"execution-{execution_id}"
        ),
        "PipelineExecutionStatus": "Executing",
        "CreationTime": now,
        "LastModifiedTime": now,
        "CreatedBy": store.identity(ctx),
        "LastModifiedBy": store.identity(ctx),
        "RoleArn": params.get("RoleArn", pipeline["RoleArn"]),
        "_PipelineName": pipeline["PipelineName"],
        "_ExecutionId": execution_id,
        "_Parameters": values,
    }
    if "PipelineExecutionDescription" in params:
        document["PipelineExecutionDescription"] = params["PipelineExecutionDescription"]
    parallelism = params.get("ParallelismConfiguration") or pipeline.get("ParallelismConfiguration")
    if parallelism:
        document["ParallelismConfiguration"] = parallelism
    return document
