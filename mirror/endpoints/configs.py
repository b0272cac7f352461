"""CreateEndpointConfig and its siblings: which models run on how many instances of what."""

from __future__ import annotations

from mirror import listing, tags
from mirror.api import Context, Document, ServiceError, operation
from mirror.documents import Collection, utcnow
from mirror.endpoints.variants import check_together, checked

_SORT = {"Name": "EndpointConfigName", "CreationTime": "CreationTime"}
_KEPT = (
    "EndpointConfigName",
    "ProductionVariants",
    "ShadowProductionVariants",
    "DataCaptureConfig",
    "KmsKeyId",
    "ExecutionRoleArn",
    "VpcConfig",
    "EnableNetworkIsolation",
    "MetricsConfig",
)
_ABSENT = ("AsyncInferenceConfig", "ExplainerConfig", "CrossRegionTrafficConfig")


def collection(ctx: Context) -> Collection:
    return ctx.cloud.documents.collection("endpoint-config")


def find(ctx: Context, name: str) -> Document:
    """The configuration's document.

    Raises:
        ServiceError: there is no such configuration.
    """
    document = collection(ctx).get(ctx.region, name)
    if document is None:
        raise ServiceError(
            "ValidationException", f'Could not find endpoint configuration "{_arn(ctx, name)}".'
        )
    return document


@operation(
    "sagemaker",
    "CreateEndpointConfig",
    coverage="partial",
    note="no asynchronous inference, explainer or inference components; data capture, network and encryption "
    "are kept and described but have no effect",
)
def create_endpoint_config(ctx: Context, params: Document) -> Document:
    name = params["EndpointConfigName"]
    if collection(ctx).get(ctx.region, name) is not None:
        raise ServiceError(
            "ValidationException",
            f'Cannot create already existing endpoint configuration "{_arn(ctx, name)}".',
        )
    for field in _ABSENT:
        if params.get(field):
            raise ServiceError("ValidationException", f"{field}: the mirror does not have it")
    given = {
        field: [checked(ctx, field, variant) for variant in params[field]]
        for field in ("ProductionVariants", "ShadowProductionVariants")
        if params.get(field)
    }
    check_together(ctx, given["ProductionVariants"], given.get("ShadowProductionVariants", []))
    document = {key: params[key] for key in _KEPT if key in params}
    document |= {
        **given,
        "EndpointConfigArn": _arn(ctx, name),
        "CreationTime": utcnow(),
    }
    collection(ctx).put(ctx.region, name, document)
    tags.put(ctx.cloud, document["EndpointConfigArn"], params.get("Tags", []))
    return {"EndpointConfigArn": document["EndpointConfigArn"]}


@operation("sagemaker", "DescribeEndpointConfig")
def describe_endpoint_config(ctx: Context, params: Document) -> Document:
    document = find(ctx, params["EndpointConfigName"])
    return {key: document[key] for key in (*_KEPT, "EndpointConfigArn", "CreationTime") if key in document}


@operation("sagemaker", "ListEndpointConfigs")
def list_endpoint_configs(ctx: Context, params: Document) -> Document:
    found = [
        {key: document[key] for key in ("EndpointConfigName", "EndpointConfigArn", "CreationTime")}
        for document in collection(ctx).values(ctx.region)
        if params.get("NameContains", "") in document["EndpointConfigName"]
    ]
    kept = listing.between(found, params, {"CreationTime": ("CreationTimeAfter", "CreationTimeBefore")})
    return listing.page(listing.arrange(kept, params, _SORT, "CreationTime"), params, "EndpointConfigs")


@operation("sagemaker", "DeleteEndpointConfig")
def delete_endpoint_config(ctx: Context, params: Document) -> Document:
    """Endpoints that were made from it keep running."""
    document = find(ctx, params["EndpointConfigName"])
    collection(ctx).delete(ctx.region, params["EndpointConfigName"])
    tags.forget(ctx.cloud, document["EndpointConfigArn"])
    return {}


def _arn(ctx: Context, name: str) -> str:
    return ctx.arn("sagemaker", f"endpoint-config/{name.lower()}")
