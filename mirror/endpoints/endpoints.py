"""CreateEndpoint and its siblings: they check, write the document, and leave the work to `hosting`."""

from __future__ import annotations

from mirror import listing, tags
from mirror.api import Context, Document, ServiceError, operation
from mirror.documents import Collection, utcnow
from mirror.endpoints import notices, updates
from mirror.endpoints.hosting import hosting
from mirror.endpoints.plan import resolve, retain, summaries
from mirror.endpoints.rollout import check_alarms, rollout

_SORT = {"Name": "EndpointName", "CreationTime": "CreationTime", "Status": "EndpointStatus"}
_DESCRIBED = (
    "EndpointName",
    "EndpointArn",
    "EndpointConfigName",
    "EndpointStatus",
    "FailureReason",
    "CreationTime",
    "LastModifiedTime",
    "LastDeploymentConfig",
)
_SUMMARY = ("EndpointName", "EndpointArn", "CreationTime", "LastModifiedTime", "EndpointStatus")


def collection(ctx: Context) -> Collection:
    return ctx.cloud.documents.collection("endpoint")


def find(ctx: Context, name: str) -> Document:
    """The endpoint's document.

    Raises:
        ServiceError: there is no such endpoint.
    """
    document = collection(ctx).get(ctx.region, name)
    if document is None:
        raise ServiceError("ValidationException", f'Could not find endpoint "{_arn(ctx, name)}".')
    return document


@operation(
    "sagemaker",
    "CreateEndpoint",
    coverage="partial",
    note="an instance is a process of the image on this machine, at most two for a variant",
)
def create_endpoint(ctx: Context, params: Document) -> Document:
    """Creating at once; InService when every process passed its health check, or Failed."""
    name, arn = params["EndpointName"], _arn(ctx, params["EndpointName"])
    plan = resolve(ctx, params["EndpointConfigName"])
    now = utcnow()
    document: Document = {
        "EndpointName": name,
        "EndpointArn": arn,
        "EndpointConfigName": params["EndpointConfigName"],
        "EndpointStatus": "Creating",
        "CreationTime": now,
        "LastModifiedTime": now,
        "Plan": plan,
    }
    if "DeploymentConfig" in params:
        document["LastDeploymentConfig"] = params["DeploymentConfig"]
    host = hosting(ctx.cloud)
    with host.lock:
        if collection(ctx).get(ctx.region, name) is not None:
            raise ServiceError("ValidationException", f'Cannot create already existing endpoint "{arn}".')
        collection(ctx).put(ctx.region, name, document)
    tags.put(ctx.cloud, arn, params.get("Tags", []))
    notices.publish_state(ctx, document)
    host.create((ctx.region, name))
    return {"EndpointArn": arn}


@operation("sagemaker", "DescribeEndpoint")
def describe_endpoint(ctx: Context, params: Document) -> Document:
    document = find(ctx, params["EndpointName"])
    answer = {key: document[key] for key in _DESCRIBED if key in document}
    answer["ProductionVariants"] = summaries(document["Plan"])
    if shadows := summaries(document["Plan"], shadow=True):
        answer["ShadowProductionVariants"] = shadows
    if "Pending" in document and "EndpointConfigName" in document["Pending"]:
        answer["PendingDeploymentSummary"] = {
            "EndpointConfigName": document["Pending"]["EndpointConfigName"],
            "StartTime": document["LastModifiedTime"],
        }
    return answer


@operation(
    "sagemaker",
    "UpdateEndpoint",
    coverage="partial",
    note="a rolling update keeps the whole old fleet until it is done",
)
def update_endpoint(ctx: Context, params: Document) -> Document:
    """Updating at once; the old processes serve until every new one is healthy."""
    name, config_name = params["EndpointName"], params["EndpointConfigName"]
    host = hosting(ctx.cloud)
    with host.lock:
        document = find(ctx, name)
        updates.check_updatable(document)
        plan = resolve(ctx, config_name)
        updates.check_scalable_targets(ctx, name, document["Plan"], plan)
        config = params.get("DeploymentConfig")
        if config is None and params.get("RetainDeploymentConfig"):
            config = document.get("LastDeploymentConfig")
        check_alarms(ctx, rollout(config, plan))
        if params.get("RetainAllVariantProperties"):
            excluded = params.get("ExcludeRetainedVariantProperties", [])
            plan = retain(plan, document["Plan"], {item["VariantPropertyType"] for item in excluded})
        if "DeploymentConfig" in params:
            document["LastDeploymentConfig"] = params["DeploymentConfig"]
        elif not params.get("RetainDeploymentConfig"):
            document.pop("LastDeploymentConfig", None)
        _begin(ctx, document, {"EndpointConfigName": config_name, "Plan": plan})
    host.update((ctx.region, name))
    return {"EndpointArn": document["EndpointArn"]}


@operation("sagemaker", "UpdateEndpointWeightsAndCapacities")
def update_endpoint_weights_and_capacities(ctx: Context, params: Document) -> Document:
    name = params["EndpointName"]
    host = hosting(ctx.cloud)
    with host.lock:
        document = find(ctx, name)
        updates.check_updatable(document)
        plan = updates.resized(document["Plan"], params["DesiredWeightsAndCapacities"])
        _begin(ctx, document, {"Plan": plan})
    host.resize((ctx.region, name))
    return {"EndpointArn": document["EndpointArn"]}


@operation("sagemaker", "ListEndpoints")
def list_endpoints(ctx: Context, params: Document) -> Document:
    found = [
        {key: document[key] for key in _SUMMARY}
        for document in collection(ctx).values(ctx.region)
        if params.get("NameContains", "") in document["EndpointName"]
        and params.get("StatusEquals", document["EndpointStatus"]) == document["EndpointStatus"]
    ]
    bounds = {
        "CreationTime": ("CreationTimeAfter", "CreationTimeBefore"),
        "LastModifiedTime": ("LastModifiedTimeAfter", "LastModifiedTimeBefore"),
    }
    kept = listing.between(found, params, bounds)
    return listing.page(listing.arrange(kept, params, _SORT, "CreationTime"), params, "Endpoints")


@operation("sagemaker", "DeleteEndpoint")
def delete_endpoint(ctx: Context, params: Document) -> Document:
    """Deleting at once; gone when its processes have finished what they were doing."""
    name = params["EndpointName"]
    host = hosting(ctx.cloud)
    with host.lock:
        document = find(ctx, name)
        if document["EndpointStatus"] not in ("InService", "Failed"):
            raise updates.in_progress(document)
        document |= {"EndpointStatus": "Deleting", "LastModifiedTime": utcnow()}
        collection(ctx).put(ctx.region, name, document)
    notices.publish_state(ctx, document)
    tags.forget(ctx.cloud, document["EndpointArn"])
    host.delete((ctx.region, name))
    return {}


def _arn(ctx: Context, name: str) -> str:
    return ctx.arn("sagemaker", f"endpoint/{name.lower()}")


def _begin(ctx: Context, document: Document, pending: Document) -> None:
    """Write the endpoint as Updating towards `pending`. The caller holds the lock."""
    document.pop("FailureReason", None)
    document |= {"EndpointStatus": "Updating", "LastModifiedTime": utcnow(), "Pending": pending}
    collection(ctx).put(ctx.region, document["EndpointName"], document)
    notices.publish_state(ctx, document)
