"""AWS::SageMaker::FeatureGroup: it holds data, so it is never replaced."""

from __future__ import annotations

from typing import Any, ClassVar

from mirror.api import Document
from mirror.cloudformation.coverage import Schema, whole
from mirror.cloudformation.resource import (
    Outcome,
    RefusedError,
    Request,
    ResourceType,
    boolean,
    ignoring,
    numbers,
    wait_until,
)

_IN_PLACE = {"FeatureDefinitions", "OnlineStoreConfig", "ThroughputConfig"}


class FeatureGroup(ResourceType):
    type = "AWS::SageMaker::FeatureGroup"
    properties: ClassVar[Schema] = {
        **whole(
            "Description",
            "EventTimeFeatureName",
            "FeatureGroupName",
            "RecordIdentifierFeatureName",
            "RoleArn",
            "Tags",
        ),
        "FeatureDefinitions": whole("FeatureName", "FeatureType"),
        "OfflineStoreConfig": {
            **whole("DisableGlueTableCreation", "TableFormat"),
            "S3StorageConfig": whole("KmsKeyId", "S3Uri"),
        },
        "OnlineStoreConfig": {
            **whole("EnableOnlineStore", "StorageType"),
            "SecurityConfig": whole("KmsKeyId"),
            "TtlDuration": whole("Unit", "Value"),
        },
        "ThroughputConfig": whole(
            "ProvisionedReadCapacityUnits", "ProvisionedWriteCapacityUnits", "ThroughputMode"
        ),
    }
    attributes = frozenset({"CreationTime", "FeatureGroupStatus"})
    name_property = "FeatureGroupName"
    how = "mirror.feature_store"
    note = "a change that AWS makes by replacement, losing the records, is refused"

    def needs_replacement(self, old: Document, new: Document) -> bool:
        """Never; raises RefusedError for a change that would need it."""
        for name in sorted((old.keys() | new.keys()) - _IN_PLACE):
            if old.get(name) != new.get(name):
                raise RefusedError(_refusal(f"{name} changed", old))
        _refuse_lost_features(old, new)
        stores = [_without_ttl(side) for side in (old, new)]
        if stores[0] != stores[1]:
            raise RefusedError(_refusal("OnlineStoreConfig changed in more than TtlDuration", old))
        before, after = (side.get("OnlineStoreConfig", {}) for side in (old, new))
        if "TtlDuration" in before and "TtlDuration" not in after:
            raise RefusedError(
                "OnlineStoreConfig.TtlDuration removed: UpdateFeatureGroup changes a time to live but does "
                "not take it away; give a long one instead, e.g. 3650 Days"
            )
        return False

    def create(self, request: Request) -> Outcome:
        properties = request.properties
        params = request.pick(*(name for name in self.properties if name != "FeatureGroupName"))
        if "OnlineStoreConfig" in properties:
            params["OnlineStoreConfig"] = _online(properties)
        if "OfflineStoreConfig" in properties:
            params["OfflineStoreConfig"] = _offline(properties)
        if "ThroughputConfig" in properties:
            params["ThroughputConfig"] = _throughput(properties)
        request.aws("sagemaker", "CreateFeatureGroup", FeatureGroupName=request.name, **params)
        request.created(request.name)
        return self._settled(request, request.name)

    def update(self, request: Request) -> Outcome:
        aws, name, new = request.aws, request.physical_id, request.properties
        # Compared with the group itself: a feature cannot be taken back, so after an update that was
        # rolled back the group has more features than the stack knows of.
        found = {feature["FeatureName"] for feature in self._describe(request, name)["FeatureDefinitions"]}
        added = [feature for feature in new["FeatureDefinitions"] if feature["FeatureName"] not in found]
        if added:
            aws("sagemaker", "UpdateFeatureGroup", FeatureGroupName=name, FeatureAdditions=added)
            self._settled(request, name)
        if request.changed("OnlineStoreConfig"):
            ttl = (
                {"TtlDuration": _online(new)["TtlDuration"]}
                if "TtlDuration" in new["OnlineStoreConfig"]
                else {}
            )
            aws("sagemaker", "UpdateFeatureGroup", FeatureGroupName=name, OnlineStoreConfig=ttl)
            self._settled(request, name)
        if request.changed("ThroughputConfig"):
            aws("sagemaker", "UpdateFeatureGroup", FeatureGroupName=name, ThroughputConfig=_throughput(new))
        return self._settled(request, name)

    def delete(self, request: Request) -> None:
        with ignoring("ResourceNotFound"):
            request.aws("sagemaker", "DeleteFeatureGroup", FeatureGroupName=request.physical_id)
            wait_until(lambda: self._gone(request), f"deletion of feature group {request.physical_id}")

    def _gone(self, request: Request) -> bool:
        with ignoring("ResourceNotFound"):
            self._describe(request, request.physical_id)
            return False
        return True

    def _describe(self, request: Request, name: str) -> Document:
        return request.aws("sagemaker", "DescribeFeatureGroup", FeatureGroupName=name)

    def _settled(self, request: Request, name: str) -> Outcome:
        def ready() -> bool:
            found = self._describe(request, name)
            if found["FeatureGroupStatus"] == "CreateFailed":
                raise RefusedError(found.get("FailureReason", "CreateFailed"))
            update = found.get("LastUpdateStatus", {}).get("Status", "Successful")
            return bool(found["FeatureGroupStatus"] == "Created" and update != "InProgress")

        wait_until(ready, f"feature group {name}")
        found = self._describe(request, name)
        return Outcome(
            name,
            {"CreationTime": str(found["CreationTime"]), "FeatureGroupStatus": found["FeatureGroupStatus"]},
        )


def _refusal(what: str, old: Document) -> str:
    return (
        f"{what}: CloudFormation would replace feature group {old.get('FeatureGroupName', '')} and lose its "
        "records. Only features may be added, and TtlDuration and ThroughputConfig changed; for anything "
        "else declare a new feature group under another name"
    )


def _refuse_lost_features(old: Document, new: Document) -> None:
    lost = [f["FeatureName"] for f in old["FeatureDefinitions"] if f not in new["FeatureDefinitions"]]
    if lost:
        raise RefusedError(_refusal(f"FeatureDefinitions: {', '.join(sorted(lost))} removed or changed", old))


def _without_ttl(properties: Document) -> dict[str, Any]:
    return {k: v for k, v in properties.get("OnlineStoreConfig", {}).items() if k != "TtlDuration"}


def _online(properties: Document) -> Document:
    config = dict(properties["OnlineStoreConfig"])
    if "EnableOnlineStore" in config:
        config["EnableOnlineStore"] = boolean(config["EnableOnlineStore"])
    if "TtlDuration" in config:
        config["TtlDuration"] = config["TtlDuration"] | numbers(config["TtlDuration"], "Value")
    return config


def _offline(properties: Document) -> Document:
    config = dict(properties["OfflineStoreConfig"])
    if "DisableGlueTableCreation" in config:
        config["DisableGlueTableCreation"] = boolean(config["DisableGlueTableCreation"])
    return config


def _throughput(properties: Document) -> Document:
    config: Document = properties.get("ThroughputConfig", {"ThroughputMode": "OnDemand"})
    return config | numbers(config, "ProvisionedReadCapacityUnits", "ProvisionedWriteCapacityUnits")
