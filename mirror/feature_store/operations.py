"""The control plane of feature groups."""

from __future__ import annotations

import logging
import time
from typing import Any

from mirror import tags
from mirror.api import Context, Document, ServiceError, operation
from mirror.documents import utcnow
from mirror.feature_store import layout, metadata, offline, runtime, runtime_operations
from mirror.feature_store.groups import Group, arn, compile_group, split_name

__all__ = ["metadata", "runtime_operations"]  # imported for the operations that they register

log = logging.getLogger(__name__)

_RESERVED = {"is_deleted", "write_time", "api_invocation_time"}
_MAX_FEATURES = 2500
_OWN_KEYS = ("uid", "metadata", "glue")


@operation("sagemaker", "CreateFeatureGroup", note="ready at once: the status is Created in the answer")
def create_feature_group(ctx: Context, params: Document) -> Document:
    """Create a group with an online store, an offline store or both."""
    name = params["FeatureGroupName"]
    groups = runtime.of(ctx.cloud).groups
    if groups.documents.get(ctx.region, name) is not None:
        raise ServiceError("ResourceInUse", f"feature group {name!r} exists already in {ctx.region}")
    document = _new_document(ctx, params)
    _check(compile_group(ctx.region, document), document)
    if "OfflineStoreConfig" in document:
        layout.prepare(ctx, document)
    groups.save(ctx.region, document)
    if params.get("Tags"):
        tags.put(ctx.cloud, document["FeatureGroupArn"], params["Tags"])
    return {"FeatureGroupArn": document["FeatureGroupArn"]}


@operation("sagemaker", "DescribeFeatureGroup")
def describe_feature_group(ctx: Context, params: Document) -> Document:
    """The group with all its features (the service's page holds 2,500, the most a group can have)."""
    region, name = split_name(ctx.region, params["FeatureGroupName"])
    document = runtime.of(ctx.cloud).groups.document(region, name)
    shown = {key: value for key, value in document.items() if key not in _OWN_KEYS}
    if "OfflineStoreConfig" in document:
        shown["OfflineStoreStatus"] = offline.of(ctx.cloud).status(document["uid"])
    return {**shown, "NextToken": ""}


@operation(
    "sagemaker", "UpdateFeatureGroup", note="done at once: LastUpdateStatus is Successful in the answer"
)
def update_feature_group(ctx: Context, params: Document) -> Document:
    """Add features, or change the time to live, the storage type or the throughput."""
    groups = runtime.of(ctx.cloud).groups
    region, name = split_name(ctx.region, params["FeatureGroupName"])
    groups.document(region, name)

    def change(document: Document) -> Document:
        document["FeatureDefinitions"] += params.get("FeatureAdditions", [])
        _change_online_store(document, params.get("OnlineStoreConfig", {}))
        if params.get("ThroughputConfig", {}).get("ThroughputMode") == "OnDemand":
            document["ThroughputConfig"] = {}  # capacity units go with the provisioned mode
        document["ThroughputConfig"] |= params.get("ThroughputConfig", {})
        document["LastModifiedTime"] = utcnow()
        document["LastUpdateStatus"] = {"Status": "Successful"}
        _check(compile_group(region, document), document)
        return document

    document = groups.documents.update(region, name, change)
    assert document is not None
    groups.changed()
    return {"FeatureGroupArn": document["FeatureGroupArn"]}


@operation("sagemaker", "DeleteFeatureGroup")
def delete_feature_group(ctx: Context, params: Document) -> Document:
    """Delete the group and its online records; what the offline store has stays in S3.

    Rows that S3 does not take any more, because their bucket is gone, are given up and logged.
    """
    plane = runtime.of(ctx.cloud)
    name = params["FeatureGroupName"]
    document = plane.groups.document(ctx.region, name)
    group = compile_group(ctx.region, document)
    plane.groups.documents.delete(ctx.region, name)
    plane.groups.changed()
    if group.offline:
        try:
            offline.of(ctx.cloud).flush(group, document)
        except Exception as error:
            given_up = offline.of(ctx.cloud).give_up(group)
            log.error("offline store of %s: %d rows given up with the group: %s", name, given_up, error)
    tags.forget(ctx.cloud, document["FeatureGroupArn"])
    while plane.store.purge(group.uid):
        pass
    return {}


@operation("sagemaker", "ListFeatureGroups")
def list_feature_groups(ctx: Context, params: Document) -> Document:
    """Feature groups of the region, filtered and sorted (by creation time unless told otherwise)."""
    found = [
        summary
        for document in runtime.of(ctx.cloud).groups.documents.values(ctx.region)
        if _matches(summary := _summary(ctx, document), params)
    ]
    sort = params.get("SortBy", "CreationTime")
    found.sort(key=lambda summary: _sort_key(summary, sort), reverse=params.get("SortOrder") == "Descending")
    start, limit = int(params.get("NextToken") or 0), params.get("MaxResults", 100)
    page: Document = {"FeatureGroupSummaries": found[start : start + limit]}
    if start + limit < len(found):
        page["NextToken"] = str(start + limit)
    return page


def _new_document(ctx: Context, params: Document) -> Document:
    now = utcnow()
    document: Document = {
        **{key: value for key, value in params.items() if key != "Tags"},
        "FeatureGroupArn": arn(ctx, params["FeatureGroupName"]),
        "CreationTime": now,
        "LastModifiedTime": now,
        "FeatureGroupStatus": "Created",
        "uid": time.time_ns().to_bytes(8, "big"),
    }
    document.setdefault("ThroughputConfig", {"ThroughputMode": "OnDemand"})
    online = document.get("OnlineStoreConfig")
    if online is not None:
        online = document["OnlineStoreConfig"] = dict(online)
        online.setdefault("EnableOnlineStore", True)
        online.setdefault("StorageType", "Standard")
    return document


def _check(group: Group, document: Document) -> None:
    names = [entry["FeatureName"] for entry in document["FeatureDefinitions"]]
    problems = [f"FeatureDefinitions: {name!r} is reserved; rename it" for name in names if name in _RESERVED]
    problems += [f"FeatureDefinitions: {name!r} is given twice" for name in names if names.count(name) > 1]
    if len(names) > _MAX_FEATURES:
        problems.append(f"FeatureDefinitions: at most {_MAX_FEATURES} features, found {len(names)}")
    for member, name in (
        ("RecordIdentifierFeatureName", group.identifier),
        ("EventTimeFeatureName", group.event_time),
    ):
        if name not in group.features:
            problems.append(f"{member}: {name!r} is not among FeatureDefinitions; add it")
    event = group.features.get(group.event_time)
    if event is not None and event.type == "Integral":
        problems.append(f"EventTimeFeatureName: {group.event_time!r} must be String or Fractional")
    if not group.online and not group.offline:
        problems.append("OnlineStoreConfig or OfflineStoreConfig: enable at least one store")
    if group.offline and group.online and group.storage_type == "InMemory":
        problems.append(
            "OfflineStoreConfig: the InMemory online store cannot feed an offline store; leave it out"
        )
    if group.offline and "RoleArn" not in document:
        problems.append("RoleArn: required with OfflineStoreConfig")
    if problems:
        raise ServiceError("ValidationException", "; ".join(dict.fromkeys(problems)))


def _change_online_store(document: Document, change: Document) -> None:
    if not change:
        return
    online = document.get("OnlineStoreConfig")
    if online is None:
        raise ServiceError("ValidationException", "OnlineStoreConfig: the group has no online store")
    before, after = online["StorageType"], change.get("StorageType", online["StorageType"])
    if after != before and (before, after) != ("Standard", "Standard_V2"):
        raise ServiceError(
            "ValidationException",
            f"OnlineStoreConfig.StorageType: {before} cannot become {after}; only Standard to Standard_V2",
        )
    online.update(change)


def _summary(ctx: Context, document: Document) -> Document:
    keys = ("FeatureGroupName", "FeatureGroupArn", "CreationTime", "FeatureGroupStatus")
    summary = {key: document[key] for key in keys}
    if "OfflineStoreConfig" in document:
        summary["OfflineStoreStatus"] = offline.of(ctx.cloud).status(document["uid"])
    return summary


def _matches(summary: Document, params: Document) -> bool:
    created = summary["CreationTime"].timestamp()
    offline_status = summary.get("OfflineStoreStatus", {}).get("Status", "Disabled")
    return (
        params.get("NameContains", "") in summary["FeatureGroupName"]
        and params.get("FeatureGroupStatusEquals", summary["FeatureGroupStatus"])
        == summary["FeatureGroupStatus"]
        and params.get("OfflineStoreStatusEquals", offline_status) == offline_status
        and _epoch(params.get("CreationTimeAfter", 0)) <= created
        and created <= _epoch(params.get("CreationTimeBefore", 2**40))
    )


def _epoch(moment: Any) -> float:
    return float(moment.timestamp()) if hasattr(moment, "timestamp") else float(moment)


def _sort_key(summary: Document, sort: str) -> tuple[Any, str]:
    name = summary["FeatureGroupName"]
    if sort == "OfflineStoreStatus":
        return summary.get("OfflineStoreStatus", {}).get("Status", ""), name
    return summary["FeatureGroupName" if sort == "Name" else sort], name
