"""CreateModel and its siblings: what a container runs and which bundle it gets."""

from __future__ import annotations

from typing import Any

from mirror import listing, tags
from mirror.api import Context, Document, ServiceError, call, operation
from mirror.documents import Collection, utcnow

MULTI_MODEL = "MultiModel"

_SORT = {"Name": "ModelName", "CreationTime": "CreationTime"}
_KEPT = (
    "ModelName",
    "PrimaryContainer",
    "Containers",
    "InferenceExecutionConfig",
    "ExecutionRoleArn",
    "VpcConfig",
    "EnableNetworkIsolation",
)


def collection(ctx: Context) -> Collection:
    return ctx.cloud.documents.collection("model")


def find(ctx: Context, name: str) -> Document:
    """The model's document.

    Raises:
        ServiceError: there is no such model.
    """
    document = collection(ctx).get(ctx.region, name)
    if document is None:
        raise ServiceError("ValidationException", f'Could not find model "{_arn(ctx, name)}".')
    return document


@operation(
    "sagemaker",
    "CreateModel",
    coverage="partial",
    note="one container a model; gzip tar archives only; the role is not assumed",
)
def create_model(ctx: Context, params: Document) -> Document:
    """Keep a model. A model package is resolved now, and must be approved now."""
    name = params["ModelName"]
    if collection(ctx).get(ctx.region, name) is not None:
        raise ServiceError(
            "ValidationException", f'Cannot create already existing model "{_arn(ctx, name)}".'
        )
    document = {key: params[key] for key in _KEPT if key in params}
    document |= {
        "ModelArn": _arn(ctx, name),
        "CreationTime": utcnow(),
        "Hosted": _hosted(ctx, _container(params)),
    }
    collection(ctx).put(ctx.region, name, document)
    tags.put(ctx.cloud, document["ModelArn"], params.get("Tags", []))
    return {"ModelArn": document["ModelArn"]}


@operation("sagemaker", "DescribeModel")
def describe_model(ctx: Context, params: Document) -> Document:
    document = find(ctx, params["ModelName"])
    return {key: document[key] for key in (*_KEPT, "ModelArn", "CreationTime") if key in document}


@operation("sagemaker", "ListModels")
def list_models(ctx: Context, params: Document) -> Document:
    found = [
        {key: document[key] for key in ("ModelName", "ModelArn", "CreationTime")}
        for document in collection(ctx).values(ctx.region)
        if params.get("NameContains", "") in document["ModelName"]
    ]
    kept = listing.between(found, params, {"CreationTime": ("CreationTimeAfter", "CreationTimeBefore")})
    return listing.page(listing.arrange(kept, params, _SORT, "CreationTime"), params, "Models")


@operation("sagemaker", "DeleteModel")
def delete_model(ctx: Context, params: Document) -> Document:
    """Endpoints that run the model keep running it."""
    document = find(ctx, params["ModelName"])
    collection(ctx).delete(ctx.region, params["ModelName"])
    tags.forget(ctx.cloud, document["ModelArn"])
    return {}


def _arn(ctx: Context, name: str) -> str:
    return ctx.arn("sagemaker", f"model/{name.lower()}")


def _container(params: Document) -> Document:
    """The one container definition of the request."""
    given: list[Document] = params.get("Containers", [])
    if "PrimaryContainer" in params:
        given = [*given, params["PrimaryContainer"]]
    if not given:
        raise ServiceError("ValidationException", "PrimaryContainer: give the model a container")
    if len(given) > 1:
        raise ServiceError(
            "ValidationException", "Containers: the mirror hosts models of one container, not a chain"
        )
    return given[0]


def _hosted(ctx: Context, container: Document) -> Document:
    """What an instance runs: image, model data and environment, with a model package resolved."""
    mode = container.get("Mode", "SingleModel")
    if mode == MULTI_MODEL:
        _check_multi_model(container)
    resolved = dict(container)
    if "ModelPackageName" in container:
        for field in ("Image", "ModelDataUrl", "ModelDataSource"):
            if field in container:
                raise ServiceError(
                    "ValidationException", f"{field} must not be given together with ModelPackageName"
                )
        packaged = _package_container(ctx, container["ModelPackageName"])
        environment = packaged.get("Environment", {}) | container.get("Environment", {})
        resolved |= packaged | {"Environment": environment}
    if not resolved.get("Image"):
        raise ServiceError("ValidationException", "PrimaryContainer: give an Image or a ModelPackageName")
    return {
        "Image": resolved["Image"],
        "ModelDataUrl": _data_url(resolved),
        "Mode": mode,
        "Environment": dict(resolved.get("Environment", {})),
    }


def _check_multi_model(container: Document) -> None:
    if "ModelPackageName" in container:
        raise ServiceError("ValidationException", "Mode MultiModel: give an Image, not a ModelPackageName")
    if not str(container.get("ModelDataUrl", "")).endswith("/"):
        raise ServiceError(
            "ValidationException",
            "Mode MultiModel: ModelDataUrl is the S3 prefix of the models' archives, and ends with /",
        )


def _package_container(ctx: Context, name: str) -> dict[str, Any]:
    package = call(ctx, "sagemaker", "DescribeModelPackage", {"ModelPackageName": name})
    status = package.get("ModelApprovalStatus")
    # Unversioned packages have no approval; versions of a group are served only when approved.
    if status not in (None, "Approved"):
        raise ServiceError(
            "ValidationException",
            f"Cannot create a model from model package {package['ModelPackageArn']}: its approval "
            f"status is {status}, and only Approved packages can be deployed.",
        )
    containers = package.get("InferenceSpecification", {}).get("Containers", [])
    if len(containers) != 1:
        raise ServiceError(
            "ValidationException",
            f"{package['ModelPackageArn']}: InferenceSpecification has {len(containers)} containers; "
            "the mirror hosts one",
        )
    return dict(containers[0])


def _data_url(container: Document) -> str | None:
    if "ModelDataSource" not in container:
        url: str | None = container.get("ModelDataUrl")
        return url
    source = container["ModelDataSource"].get("S3DataSource", {})
    if source.get("S3DataType") != "S3Object" or source.get("CompressionType") != "Gzip":
        raise ServiceError(
            "ValidationException", "ModelDataSource: the mirror takes S3DataType S3Object with Gzip"
        )
    uri: str = source["S3Uri"]
    return uri
