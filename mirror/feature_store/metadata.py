"""Descriptions and parameters of single features."""

from __future__ import annotations

from mirror.api import Context, Document, ServiceError, operation
from mirror.documents import utcnow
from mirror.feature_store import runtime
from mirror.feature_store.groups import split_name

_MAX_PARAMETERS = 25


@operation("sagemaker", "DescribeFeatureMetadata")
def describe_feature_metadata(ctx: Context, params: Document) -> Document:
    region, name = split_name(ctx.region, params["FeatureGroupName"])
    document = runtime.of(ctx.cloud).groups.document(region, name)
    feature = params["FeatureName"]
    return {
        "FeatureGroupArn": document["FeatureGroupArn"],
        "FeatureGroupName": name,
        "FeatureName": feature,
        "FeatureType": _type(document, feature),
        "CreationTime": document["CreationTime"],
        "LastModifiedTime": document["LastModifiedTime"],
        **document.get("metadata", {}).get(feature, {}),
    }


@operation("sagemaker", "UpdateFeatureMetadata")
def update_feature_metadata(ctx: Context, params: Document) -> Document:
    """Set the description, add or replace parameters, remove parameters by key."""
    groups = runtime.of(ctx.cloud).groups
    region, name = split_name(ctx.region, params["FeatureGroupName"])
    _type(groups.document(region, name), params["FeatureName"])

    def change(document: Document) -> Document:
        known = document.setdefault("metadata", {}).setdefault(params["FeatureName"], {})
        merged = {entry["Key"]: entry for entry in known.get("Parameters", [])}
        merged |= {entry["Key"]: entry for entry in params.get("ParameterAdditions", [])}
        for key in params.get("ParameterRemovals", []):
            merged.pop(key, None)
        if len(merged) > _MAX_PARAMETERS:
            raise ServiceError(
                "ValidationException", f"ParameterAdditions: at most {_MAX_PARAMETERS} parameters"
            )
        known["Parameters"] = list(merged.values())
        if "Description" in params:
            known["Description"] = params["Description"]
        known["LastModifiedTime"] = utcnow()
        return document

    groups.documents.update(region, name, change)
    return {}


def _type(document: Document, feature: str) -> str:
    for entry in document["FeatureDefinitions"]:
        if entry["FeatureName"] == feature:
            return str(entry["FeatureType"])
    raise ServiceError(
        "ResourceNotFound",
        f"feature {feature!r} does not exist in feature group {document['FeatureGroupName']}",
        404,
    )
