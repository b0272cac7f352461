"""Create, Update, Delete, Describe and List of pipelines."""

from __future__ import annotations

from mirror import listing, tags
from mirror.api import Context, Document, ServiceError, operation
from mirror.documents import utcnow
from mirror.jobs import storage
from mirror.jobs.storage import Location, StorageError
from mirror.pipelines import store, tokens
from mirror.pipelines.errors import InvalidDefinition
from mirror.pipelines.validation import load

_KEPT = ("PipelineDisplayName", "PipelineDescription", "RoleArn", "ParallelismConfiguration")


@operation("sagemaker", "CreatePipeline")
def create_pipeline(ctx: Context, params: Document) -> Document:
    known = tokens.replayed(ctx, "CreatePipeline", params)
    if known is not None and store.pipelines(ctx).get(ctx.region, params["PipelineName"]) is not None:
        return {"PipelineArn": known}
    name = params["PipelineName"]
    arn = ctx.arn("sagemaker", f"pipeline/{name}")
    if store.pipelines(ctx).get(ctx.region, name) is not None:
        raise ServiceError(
            "ValidationException", f"Pipeline names must be unique within an AWS account: {arn} exists."
        )
    definition = _definition(ctx, params)
    now = utcnow()
    document = {
        "PipelineDisplayName": name,
        **{field: params[field] for field in _KEPT if field in params},
        "PipelineName": name,
        "PipelineArn": arn,
        "PipelineDefinition": definition,
        "PipelineStatus": "Active",
        "CreationTime": now,
        "LastModifiedTime": now,
        "CreatedBy": store.identity(ctx),
        "LastModifiedBy": store.identity(ctx),
        "_Version": 1,
    }
    store.pipelines(ctx).put(ctx.region, name, document)
    store.versions(ctx).put(ctx.region, store.version_key(name, 1), {"PipelineDefinition": definition})
    tokens.remember(ctx, "CreatePipeline", params, arn)
    if params.get("Tags"):
        tags.put(ctx.cloud, arn, params["Tags"])
    return {"PipelineArn": arn}


@operation("sagemaker", "UpdatePipeline")
def update_pipeline(ctx: Context, params: Document) -> Document:
    before = store.get_pipeline(ctx, params["PipelineName"])
    given = "PipelineDefinition" in params or "PipelineDefinitionS3Location" in params
    definition = _definition(ctx, params) if given else before["PipelineDefinition"]
    version = before["_Version"] + (definition != before["PipelineDefinition"])

    def change(document: Document) -> None:
        document |= {field: params[field] for field in _KEPT if field in params}
        document |= {
            "PipelineDefinition": definition,
            "LastModifiedTime": utcnow(),
            "LastModifiedBy": store.identity(ctx),
            "_Version": version,
        }

    name = before["PipelineName"]
    store.versions(ctx).put(ctx.region, store.version_key(name, version), {"PipelineDefinition": definition})
    store.pipelines(ctx).update(ctx.region, name, change)
    return {"PipelineArn": before["PipelineArn"], "PipelineVersionId": version}


@operation("sagemaker", "DeletePipeline")
def delete_pipeline(ctx: Context, params: Document) -> Document:
    pipeline = store.get_pipeline(ctx, params["PipelineName"])
    name, arn = pipeline["PipelineName"], pipeline["PipelineArn"]
    for execution in store.executions(ctx).values(ctx.region, f"{name}/"):
        if execution["PipelineExecutionStatus"] in store.RUNNING:
            raise ServiceError(
                "ConflictException",
                f"Pipeline {arn} cannot be deleted: {execution['PipelineExecutionArn']} is running; "
                "stop it with StopPipelineExecution first",
            )
    for documents in (store.executions, store.steps, store.versions, store.cache_entries):
        for key, _ in documents(ctx).items(ctx.region, f"{name}/"):
            documents(ctx).delete(ctx.region, key)
    store.pipelines(ctx).delete(ctx.region, name)
    tags.forget(ctx.cloud, arn)
    return {"PipelineArn": arn}


@operation("sagemaker", "DescribePipeline")
def describe_pipeline(ctx: Context, params: Document) -> Document:
    pipeline = store.get_pipeline(ctx, params["PipelineName"])
    if "PipelineVersionId" in params:
        pipeline["PipelineDefinition"] = definition_of(ctx, pipeline, int(params["PipelineVersionId"]))
    return store.public(pipeline)


@operation("sagemaker", "ListPipelines")
def list_pipelines(ctx: Context, params: Document) -> Document:
    found = store.pipelines(ctx).values(ctx.region, params.get("PipelineNamePrefix", ""))
    found = listing.between(found, params, {"CreationTime": ("CreatedAfter", "CreatedBefore")})
    fields = {"Name": "PipelineName", "CreationTime": "CreationTime"}
    ordered = listing.arrange(found, params, fields, default="CreationTime")
    shown = (
        "PipelineArn",
        "PipelineName",
        "PipelineDisplayName",
        "PipelineDescription",
        "RoleArn",
        "CreationTime",
        "LastModifiedTime",
    )
    brief = []
    for pipeline in ordered:
        summary = {field: pipeline[field] for field in shown if field in pipeline}
        if "LastRunTime" in pipeline:
            summary["LastExecutionTime"] = pipeline["LastRunTime"]
        brief.append(summary)
    return listing.page(brief, params, "PipelineSummaries")


def definition_of(ctx: Context, pipeline: Document, version: int) -> str:
    """The definition text of one version.

    Raises:
        ServiceError: ``ResourceNotFound``.
    """
    found = store.versions(ctx).get(ctx.region, store.version_key(pipeline["PipelineName"], version))
    if found is None:
        raise ServiceError("ResourceNotFound", f"{pipeline['PipelineArn']} has no version {version}")
    text: str = found["PipelineDefinition"]
    return text


def _definition(ctx: Context, params: Document) -> str:
    """The definition's text, inline or from S3, once it is known to be runnable."""
    inline, located = params.get("PipelineDefinition"), params.get("PipelineDefinitionS3Location")
    if (inline is None) == (located is None):
        raise ServiceError(
            "ValidationException", "Give either PipelineDefinition or PipelineDefinitionS3Location"
        )
    try:
        text = str(inline) if located is None else _read(ctx, located)
        load(text)
    except StorageError as error:
        raise ServiceError("ValidationException", f"PipelineDefinitionS3Location: {error}") from error
    except InvalidDefinition as error:
        raise ServiceError("ValidationException", f"Unable to parse pipeline definition. {error}") from error
    return text


def _read(ctx: Context, located: Document) -> str:
    location = Location(located["Bucket"], located["ObjectKey"])
    content = storage.read(ctx.account, location, located.get("VersionId"))
    try:
        return content.decode()
    except UnicodeDecodeError as error:
        raise StorageError(f"{location.uri} is not UTF-8") from error
