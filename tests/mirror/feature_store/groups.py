"""Feature groups for tests that need no running mirror."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from mirror.api import Context
from mirror.cloud import Cloud
from mirror.documents import utcnow
from mirror.feature_store import runtime
from mirror.feature_store.messages import FeatureValue

REGION = "us-east-1"
FEATURES = {"id": "String", "t": "String", "count": "Integral", "amount": "Fractional", "note": "String"}


def context(path: Path) -> Context:
    """A context on a cloud that has a state directory, but no process."""
    return Context(Cloud(path), REGION)


def add_group(ctx: Context, name: str = "users", *, offline: bool = False, **online: Any) -> str:
    """Store a group with `FEATURES`; `online` overrides its OnlineStoreConfig."""
    definitions = [{"FeatureName": key, "FeatureType": value} for key, value in FEATURES.items()]
    document: dict[str, Any] = {
        "FeatureGroupName": name,
        "FeatureGroupArn": ctx.arn("sagemaker", f"feature-group/{name}"),
        "RecordIdentifierFeatureName": "id",
        "EventTimeFeatureName": "t",
        "FeatureDefinitions": definitions,
        "OnlineStoreConfig": {"EnableOnlineStore": True, "StorageType": "Standard"} | online,
        "ThroughputConfig": {"ThroughputMode": "OnDemand"},
        "CreationTime": utcnow(),
        "LastModifiedTime": utcnow(),
        "FeatureGroupStatus": "Created",
        "uid": f"{name:8.8}".encode(),
    }
    if offline:
        document["OfflineStoreConfig"] = {"S3StorageConfig": {"S3Uri": "s3://lake"}}
    runtime.of(ctx.cloud).groups.save(ctx.region, document)
    return name


def record(**values: str | None) -> list[FeatureValue]:
    """A record from keyword arguments."""
    return [FeatureValue(name, value) for name, value in values.items()]


def wire(**values: str) -> list[dict[str, str]]:
    """A record as boto3 takes it."""
    return [{"FeatureName": name, "ValueAsString": value} for name, value in values.items()]
