"""CreateEndpointConfig and its siblings: which models run on how many instances of what."""

from __future__ import annotations

from mirror import listing, tags
from mirror.api import Context, Document, ServiceError, operation
from mirror.documents import Collection, utcnow
from mirror.endpoints import models

_SORT = {"Name": "EndpointConfigName", "CreationTime": "CreationTime"}
_KEPT = (
    "EndpointConfigName",
    "ProductionVariants",
    "DataCaptureConfig",
    "KmsKeyId",
    "ExecutionRoleArn",
    "VpcConfig",
    "EnableNetworkIsolation",
    "MetricsConfig",
)
_ABSENT = ("AsyncInferenceConfig", "ExplainerConfig", "ShadowProductionVariants", "CrossRegionTrafficConfig")


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
    note="no asynchronous inference, explainer, shadow variants or inference components; data capture, "
    "network, encryption and serverless limits are kept and described but have no effect",
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
    variants = [_variant(ctx, variant) for variant in params["ProductionVariants"]]
    if len({variant["VariantName"] for variant in variants}) < len(variants):
        raise ServiceError("ValidationException", "ProductionVariants: a variant name is used twice")
    document = {key: params[key] for key in _KEPT if key in params}
    document |= {
        "ProductionVariants": variants,
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


def _variant(ctx: Context, variant: Document) -> Document:
    """A variant with AWS's defaults filled in."""
    where = f"ProductionVariants {variant['VariantName']}"
    if "ModelName" not in variant:
        raise ServiceError("ValidationException", f"{where}: ModelName: the mirror hosts models only")
    models.find(ctx, variant["ModelName"])
    if "ServerlessConfig" not in variant:
        for field in ("InstanceType", "InitialInstanceCount"):
            if field not in variant:
                raise ServiceError(
                    "ValidationException", f"{where}: {field} is needed without a ServerlessConfig"
                )
    return {"InitialVariantWeight": 1.0} | variant
