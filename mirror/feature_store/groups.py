"""Feature groups: their documents, and the compiled form that the data plane works with."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from mirror.api import Context, Document, ServiceError
from mirror.cloud import Cloud
from mirror.documents import Collection
from mirror.feature_store.messages import TtlDuration


@dataclass(frozen=True, slots=True)
class Feature:
    """A feature's type, and its collection when it is not a single value."""

    type: str
    collection: str | None = None
    dimension: int | None = None


@dataclass(frozen=True, slots=True)
class Group:
    """One feature group. `uid` is unique among all groups that ever had this name."""

    name: str
    region: str
    uid: bytes
    identifier: str
    event_time: str
    features: dict[str, Feature]
    online: bool
    storage_type: str
    ttl_s: int | None
    offline: bool


class Groups:
    """Looks up feature groups by name or ARN; compiled groups are kept until they change."""

    def __init__(self, cloud: Cloud) -> None:
        self.documents: Collection = cloud.documents.collection("feature-group")
        self._regions: Collection = cloud.documents.collection("feature-group-region")
        self._compiled: dict[tuple[str, str], Group] = {}

    def find(self, region: str, name_or_arn: str, code: str = "ResourceNotFound") -> Group:
        """The compiled group.

        Raises:
            ServiceError: `code` (404) when there is none.
        """
        compiled = self._compiled
        group = compiled.get((region, name_or_arn))
        if group is None:
            where, name = split_name(region, name_or_arn)
            group = compile_group(where, self.document(where, name, code))
            # Into the dictionary read above: `changed` may have replaced it since.
            compiled[region, name_or_arn] = group
        return group

    def document(self, region: str, name: str, code: str = "ResourceNotFound") -> Document:
        """The stored document of a group.

        Raises:
            ServiceError: `code` (404) when there is none.
        """
        document = self.documents.get(region, name)
        if document is None:
            raise ServiceError(code, f"feature group {name!r} does not exist in {region}", 404)
        return document

    def all(self) -> Iterator[tuple[str, Document]]:
        """``(region, document)`` of every group of every region."""
        for region, _ in self._regions.items(""):
            for document in self.documents.values(region):
                yield region, document

    def save(self, region: str, document: Document) -> None:
        """Store a new group."""
        self._regions.put("", region, {})
        self.documents.put(region, document["FeatureGroupName"], document)
        self.changed()

    def changed(self) -> None:
        """Forget compiled groups after a document was written or deleted."""
        self._compiled = {}


def split_name(region: str, name_or_arn: str) -> tuple[str, str]:
    """``(region, name)`` of a group named by name or by ARN."""
    if not name_or_arn.startswith("arn:"):
        return region, name_or_arn
    _, _, name = name_or_arn.partition(":feature-group/")
    return name_or_arn.split(":")[3], name


def compile_group(region: str, document: Document) -> Group:
    """The form of a group that the data plane works with."""
    online = document.get("OnlineStoreConfig") or {}
    ttl = online.get("TtlDuration")
    return Group(
        name=document["FeatureGroupName"],
        region=region,
        uid=document["uid"],
        identifier=document["RecordIdentifierFeatureName"],
        event_time=document["EventTimeFeatureName"],
        features={entry["FeatureName"]: _feature(entry) for entry in document["FeatureDefinitions"]},
        online=bool(online.get("EnableOnlineStore")),
        storage_type=online.get("StorageType", "Standard"),
        ttl_s=TtlDuration(ttl["Unit"], ttl["Value"]).seconds() if ttl else None,
        offline="OfflineStoreConfig" in document,
    )


def arn(ctx: Context, name: str) -> str:
    return ctx.arn("sagemaker", f"feature-group/{name}")


def _feature(definition: dict[str, Any]) -> Feature:
    vector = definition.get("CollectionConfig", {}).get("VectorConfig", {})
    return Feature(definition["FeatureType"], definition.get("CollectionType"), vector.get("Dimension"))
