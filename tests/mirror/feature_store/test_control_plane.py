"""Creating, changing, listing and deleting feature groups, in process."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from mirror.api import Context, ServiceError, call
from mirror.feature_store import operations, runtime  # noqa: F401  (registers the operations)
from mirror.server.shapes import mismatches
from tests.mirror.feature_store.groups import FEATURES, context, wire

EVENT = "2026-01-01T00:00:00Z"


@pytest.fixture
def ctx(tmp_path: Path) -> Context:
    return context(tmp_path)


def sagemaker(ctx: Context, name: str, **params: Any) -> dict[str, Any]:
    response = call(ctx, "sagemaker", name, params)
    assert mismatches("sagemaker", name, response) == []
    return response


def create(ctx: Context, name: str = "users", **overrides: Any) -> None:
    params: dict[str, Any] = {
        "FeatureGroupName": name,
        "RecordIdentifierFeatureName": "id",
        "EventTimeFeatureName": "t",
        "FeatureDefinitions": [{"FeatureName": k, "FeatureType": v} for k, v in FEATURES.items()],
        "OnlineStoreConfig": {"EnableOnlineStore": True},
    }
    sagemaker(ctx, "CreateFeatureGroup", **(params | overrides))


def test_a_group_is_described_as_it_was_created(ctx: Context) -> None:
    create(ctx, Description="people", Tags=[{"Key": "team", "Value": "fraud"}])
    found = sagemaker(ctx, "DescribeFeatureGroup", FeatureGroupName="users")
    assert found["FeatureGroupStatus"] == "Created"
    assert found["Description"] == "people"
    assert found["OnlineStoreConfig"] == {"EnableOnlineStore": True, "StorageType": "Standard"}
    assert len(found["FeatureDefinitions"]) == len(FEATURES)
    tags = sagemaker(ctx, "ListTags", ResourceArn=found["FeatureGroupArn"])
    assert tags["Tags"] == [{"Key": "team", "Value": "fraud"}]


@pytest.mark.parametrize(
    ("overrides", "message"),
    [
        ({"RecordIdentifierFeatureName": "nobody"}, "RecordIdentifierFeatureName: 'nobody'"),
        ({"EventTimeFeatureName": "count"}, "'count' must be String or Fractional"),
        ({"FeatureDefinitions": [{"FeatureName": "write_time", "FeatureType": "String"}]}, "reserved"),
        ({"FeatureDefinitions": [{"FeatureName": "id", "FeatureType": "String"}] * 2}, "given twice"),
        ({"OnlineStoreConfig": {"EnableOnlineStore": False}}, "enable at least one store"),
        (
            {
                "OnlineStoreConfig": {"EnableOnlineStore": True, "StorageType": "InMemory"},
                "OfflineStoreConfig": {"S3StorageConfig": {"S3Uri": "s3://lake"}},
            },
            "InMemory online store cannot feed an offline store",
        ),
        ({"OfflineStoreConfig": {"S3StorageConfig": {"S3Uri": "s3://lake"}}}, "RoleArn: required"),
    ],
)
def test_groups_that_are_refused(ctx: Context, overrides: dict[str, Any], message: str) -> None:
    with pytest.raises(ServiceError, match=message) as refused:
        create(ctx, **overrides)
    assert refused.value.code == "ValidationException"
    assert sagemaker(ctx, "ListFeatureGroups")["FeatureGroupSummaries"] == []


def test_names_are_unique(ctx: Context) -> None:
    create(ctx)
    with pytest.raises(ServiceError, match="exists already") as refused:
        create(ctx)
    assert refused.value.code == "ResourceInUse"


def test_added_features_are_accepted_at_once_and_old_records_stay(ctx: Context) -> None:
    create(ctx)
    service = "sagemaker-featurestore-runtime"
    old = {"FeatureGroupName": "users", "Record": wire(id="u1", t=EVENT)}
    call(ctx, service, "PutRecord", old)
    additions = [{"FeatureName": "device", "FeatureType": "String"}]
    sagemaker(ctx, "UpdateFeatureGroup", FeatureGroupName="users", FeatureAdditions=additions)
    call(ctx, service, "PutRecord", {**old, "Record": wire(id="u2", t=EVENT, device="phone")})
    key = {"FeatureGroupName": "users", "RecordIdentifierValueAsString": "u1"}
    assert call(ctx, service, "GetRecord", key)["Record"] == old["Record"]
    with pytest.raises(ServiceError, match="given twice"):
        sagemaker(ctx, "UpdateFeatureGroup", FeatureGroupName="users", FeatureAdditions=additions)


def test_time_to_live_throughput_and_storage_type_change(ctx: Context) -> None:
    create(ctx)
    ttl = {"Unit": "Days", "Value": 14}
    sagemaker(
        ctx,
        "UpdateFeatureGroup",
        FeatureGroupName="users",
        OnlineStoreConfig={"TtlDuration": ttl, "StorageType": "Standard_V2"},
        ThroughputConfig={"ThroughputMode": "Provisioned", "ProvisionedReadCapacityUnits": 5},
    )
    found = sagemaker(ctx, "DescribeFeatureGroup", FeatureGroupName="users")
    assert found["OnlineStoreConfig"]["TtlDuration"] == ttl
    assert found["OnlineStoreConfig"]["StorageType"] == "Standard_V2"
    assert found["ThroughputConfig"]["ThroughputMode"] == "Provisioned"
    with pytest.raises(ServiceError, match="only Standard to Standard_V2"):
        sagemaker(
            ctx,
            "UpdateFeatureGroup",
            FeatureGroupName="users",
            OnlineStoreConfig={"StorageType": "InMemory"},
        )


def test_a_new_group_of_the_same_name_does_not_see_the_old_records(ctx: Context) -> None:
    create(ctx)
    plane = runtime.of(ctx.cloud)
    put = {"FeatureGroupName": "users", "Record": wire(id="u1", t=EVENT)}
    call(ctx, "sagemaker-featurestore-runtime", "PutRecord", put)
    old = plane.groups.find(ctx.region, "users")
    sagemaker(ctx, "DeleteFeatureGroup", FeatureGroupName="users")
    assert plane.store.get(old, "u1") is None
    create(ctx)
    key = {"FeatureGroupName": "users", "RecordIdentifierValueAsString": "u1"}
    assert call(ctx, "sagemaker-featurestore-runtime", "GetRecord", key) == {}


def test_listing_filters_sorts_and_pages(ctx: Context) -> None:
    for name in ("b-users", "a-users", "merchants"):
        create(ctx, name)
    names = [
        group["FeatureGroupName"]
        for group in sagemaker(ctx, "ListFeatureGroups", NameContains="users", SortBy="Name")[
            "FeatureGroupSummaries"
        ]
    ]
    assert names == ["a-users", "b-users"]
    first = sagemaker(ctx, "ListFeatureGroups", MaxResults=2)
    second = sagemaker(ctx, "ListFeatureGroups", MaxResults=2, NextToken=first["NextToken"])
    assert len(first["FeatureGroupSummaries"] + second["FeatureGroupSummaries"]) == 3
    assert "NextToken" not in second


def test_feature_metadata(ctx: Context) -> None:
    create(ctx)
    feature = {"FeatureGroupName": "users", "FeatureName": "amount"}
    parameters = [{"Key": "unit", "Value": "eur"}, {"Key": "owner", "Value": "fraud"}]
    sagemaker(ctx, "UpdateFeatureMetadata", **feature, Description="sum", ParameterAdditions=parameters)
    sagemaker(ctx, "UpdateFeatureMetadata", **feature, ParameterRemovals=["owner"])
    found = sagemaker(ctx, "DescribeFeatureMetadata", **feature)
    assert found["Description"] == "sum"
    assert found["Parameters"] == parameters[:1]
    assert found["FeatureType"] == "Fractional"
    with pytest.raises(ServiceError, match="'nobody' does not exist"):
        sagemaker(ctx, "DescribeFeatureMetadata", FeatureGroupName="users", FeatureName="nobody")


def test_tags_merge_and_go(ctx: Context) -> None:
    create(ctx)
    arn = sagemaker(ctx, "DescribeFeatureGroup", FeatureGroupName="users")["FeatureGroupArn"]
    sagemaker(ctx, "AddTags", ResourceArn=arn, Tags=[{"Key": "a", "Value": "1"}, {"Key": "b", "Value": "2"}])
    sagemaker(ctx, "AddTags", ResourceArn=arn, Tags=[{"Key": "a", "Value": "3"}])
    sagemaker(ctx, "DeleteTags", ResourceArn=arn, TagKeys=["b"])
    assert sagemaker(ctx, "ListTags", ResourceArn=arn)["Tags"] == [{"Key": "a", "Value": "3"}]
