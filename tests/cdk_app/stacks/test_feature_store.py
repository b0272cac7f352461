"""S1: the feature groups, as declared in `feature_groups`."""

from __future__ import annotations

import pytest

from feature_groups import GROUPS, FeatureGroup
from tests.cdk_app.synthesis import Assembly, text

pytestmark = pytest.mark.slow
each_group = pytest.mark.parametrize("group", GROUPS, ids=lambda group: group.name)


def test_there_are_the_groups_of_the_system(dev: Assembly) -> None:
    groups = dev.template("feature-store").by("AWS::SageMaker::FeatureGroup", "FeatureGroupName")
    assert set(groups) == {
        "fraudline-dev-user-profile",
        "fraudline-dev-user-activity",
        "fraudline-dev-merchant",
        "fraudline-dev-stream-progress",
        "fraudline-dev-user-baseline",
        "fraudline-dev-merchant-risk",
    }


@each_group
def test_a_group_has_its_declared_features(dev: Assembly, group: FeatureGroup) -> None:
    groups = dev.template("feature-store").by("AWS::SageMaker::FeatureGroup", "FeatureGroupName")
    properties = groups[f"fraudline-dev-{group.name}"]
    assert properties["RecordIdentifierFeatureName"] == group.record_identifier
    assert properties["EventTimeFeatureName"] == group.event_time
    assert properties["FeatureDefinitions"] == [
        {"FeatureName": name, "FeatureType": kind} for name, kind in group.features
    ]


@each_group
def test_a_group_is_online_with_its_time_to_live_and_offline_in_the_lake(
    dev: Assembly, group: FeatureGroup
) -> None:
    groups = dev.template("feature-store").by("AWS::SageMaker::FeatureGroup", "FeatureGroupName")
    properties = groups[f"fraudline-dev-{group.name}"]
    online = properties["OnlineStoreConfig"]
    assert online["EnableOnlineStore"] is True
    assert online["StorageType"] == "Standard"
    assert "Key" in text(online["SecurityConfig"]["KmsKeyId"])
    expected = None if group.ttl_days is None else {"Unit": "Days", "Value": group.ttl_days}
    assert online.get("TtlDuration") == expected
    if not group.offline:
        assert "OfflineStoreConfig" not in properties
        return
    offline = properties["OfflineStoreConfig"]["S3StorageConfig"]
    assert text(offline["S3Uri"]) == "s3://fraudline-dev-lake-<AWS::AccountId>-us-east-1/processed/features"
    assert offline["KmsKeyId"] == online["SecurityConfig"]["KmsKeyId"]


def test_the_in_memory_tier_has_no_offline_store_and_settings_change_the_time_to_live(prod: Assembly) -> None:
    groups = prod.template("feature-store").by("AWS::SageMaker::FeatureGroup", "FeatureGroupName")
    for properties in groups.values():
        assert properties["OnlineStoreConfig"]["StorageType"] == "InMemory"
        assert "OfflineStoreConfig" not in properties
    activity = groups["fraudline-prod-user-activity"]
    assert activity["OnlineStoreConfig"]["TtlDuration"] == {"Unit": "Days", "Value": 45}


@pytest.mark.parametrize(("environment", "policy"), [("dev", "Delete"), ("prod", "Retain")])
def test_features_outlive_the_stack_outside_disposable_environments(
    request: pytest.FixtureRequest, environment: str, policy: str
) -> None:
    template = request.getfixturevalue(environment).template("feature-store")
    for resource in template.document["Resources"].values():
        if resource["Type"] == "AWS::SageMaker::FeatureGroup":
            assert resource["DeletionPolicy"] == resource["UpdateReplacePolicy"] == policy


def test_the_role_may_write_below_its_prefix_only_and_is_complete_before_the_groups(dev: Assembly) -> None:
    template = dev.template("feature-store")
    written = [item for item in template.statements() if "s3:PutObject" in item["Action"]]
    assert [text(item["Resource"]) for item in written] == [
        "arn:aws:s3:::fraudline-dev-lake-<AWS::AccountId>-us-east-1/processed/features/*"
    ]
    (policy,) = template.resources("AWS::IAM::Policy")
    for resource in template.document["Resources"].values():
        if resource["Type"] == "AWS::SageMaker::FeatureGroup":
            assert policy in resource["DependsOn"]
