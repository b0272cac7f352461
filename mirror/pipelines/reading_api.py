"""Describe and List of executions, their steps, parameters and definitions."""

from __future__ import annotations

from mirror import listing
from mirror.api import Context, Document, operation
from mirror.pipelines import store
from mirror.pipelines.expressions import join_text


@operation("sagemaker", "DescribePipelineExecution")
def describe_pipeline_execution(ctx: Context, params: Document) -> Document:
    return store.public(store.get_execution(ctx, params["PipelineExecutionArn"]))


@operation("sagemaker", "ListPipelineExecutions")
def list_pipeline_executions(ctx: Context, params: Document) -> Document:
    pipeline = store.get_pipeline(ctx, params["PipelineName"])
    found = store.executions(ctx).values(ctx.region, f"{pipeline['PipelineName']}/")
    found = listing.between(found, params, {"CreationTime": ("CreatedAfter", "CreatedBefore")})
    fields = {"CreationTime": "CreationTime", "PipelineExecutionArn": "PipelineExecutionArn"}
    ordered = listing.arrange(found, params, fields, default="CreationTime")
    return listing.page([_summary(execution) for execution in ordered], params, "PipelineExecutionSummaries")


@operation("sagemaker", "ListPipelineExecutionSteps")
def list_pipeline_execution_steps(ctx: Context, params: Document) -> Document:
    arn = params.get("PipelineExecutionArn", "")
    store.get_execution(ctx, arn)
    ordered = listing.arrange(
        store.step_documents(ctx, arn), params, {"StartTime": "StartTime"}, default="StartTime"
    )
    return listing.page([store.public(step) for step in ordered], params, "PipelineExecutionSteps")


@operation("sagemaker", "DescribePipelineDefinitionForExecution")
def describe_pipeline_definition_for_execution(ctx: Context, params: Document) -> Document:
    execution = store.get_execution(ctx, params["PipelineExecutionArn"])
    return {"PipelineDefinition": execution["_Definition"], "CreationTime": execution["CreationTime"]}


@operation("sagemaker", "ListPipelineParametersForExecution")
def list_pipeline_parameters_for_execution(ctx: Context, params: Document) -> Document:
    values = store.get_execution(ctx, params["PipelineExecutionArn"])["_Parameters"]
    listed = [{"Name": name, "Value": join_text(value)} for name, value in values.items()]
    return listing.page(listed, params, "PipelineParameters")


def _summary(execution: Document) -> Document:
    summary = {
        "PipelineExecutionArn": execution["PipelineExecutionArn"],
        "StartTime": execution["CreationTime"],
        "PipelineExecutionStatus": execution["PipelineExecutionStatus"],
        "PipelineExecutionDisplayName": execution["PipelineExecutionDisplayName"],
    }
    if "PipelineExecutionDescription" in execution:
        summary["PipelineExecutionDescription"] = execution["PipelineExecutionDescription"]
    if "FailureReason" in execution:
        summary["PipelineExecutionFailureReason"] = execution["FailureReason"]
    return summary
