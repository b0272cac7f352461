"""S2: the lake. S3: its lifecycle and protection."""

from __future__ import annotations

import pytest

from pipelines.steps.clean_up.retention import RETENTION
from processing.lake.keys import PREFIXES
from tests.cdk_app.synthesis import Assembly, Document, Template, text

pytestmark = pytest.mark.slow

LAKE = "fraudline-dev-lake-<AWS::AccountId>-us-east-1"
LOGS = "fraudline-dev-logs-<AWS::AccountId>-us-east-1"


@pytest.fixture
def template(dev: Assembly) -> Template:
    return dev.template("lake")


@pytest.fixture
def buckets(template: Template) -> dict[str, Document]:
    return template.by("AWS::S3::Bucket", "BucketName")


def test_the_lake_is_encrypted_with_our_key_and_versioned(
    template: Template, buckets: dict[str, Document]
) -> None:
    (key,) = template.resources("AWS::KMS::Key")
    (rule,) = buckets[LAKE]["BucketEncryption"]["ServerSideEncryptionConfiguration"]
    assert rule == {
        "BucketKeyEnabled": True,
        "ServerSideEncryptionByDefault": {
            "SSEAlgorithm": "aws:kms",
            "KMSMasterKeyID": {"Fn::GetAtt": [key, "Arn"]},
        },
    }
    assert buckets[LAKE]["VersioningConfiguration"] == {"Status": "Enabled"}
    assert buckets[LAKE]["LoggingConfiguration"]["LogFilePrefix"] == "lake/"
    assert template.only("AWS::KMS::Key")["EnableKeyRotation"] is True


@pytest.mark.parametrize("name", [LAKE, LOGS])
def test_no_bucket_is_public_or_readable_without_tls(
    template: Template, buckets: dict[str, Document], name: str
) -> None:
    assert buckets[name]["PublicAccessBlockConfiguration"] == {
        "BlockPublicAcls": True,
        "BlockPublicPolicy": True,
        "IgnorePublicAcls": True,
        "RestrictPublicBuckets": True,
    }
    bucket = next(key for key, item in template.resources("AWS::S3::Bucket").items() if item == buckets[name])
    policy = next(
        item
        for item in template.resources("AWS::S3::BucketPolicy").values()
        if item["Bucket"] == {"Ref": bucket}
    )
    denied = [
        statement
        for statement in policy["PolicyDocument"]["Statement"]
        if statement["Effect"] == "Deny"
        and statement["Condition"] == {"Bool": {"aws:SecureTransport": "false"}}
    ]
    assert [(item["Action"], item["Principal"]) for item in denied] == [("s3:*", {"AWS": "*"})]
    assert [text(item) for item in denied[0]["Resource"]] == [f"<{bucket}.Arn>", f"<{bucket}.Arn>/*"]


def test_data_ages_as_promised(buckets: dict[str, Document]) -> None:
    rules = {rule["Id"]: rule for rule in buckets[LAKE]["LifecycleConfiguration"]["Rules"]}
    assert {rule["Status"] for rule in rules.values()} == {"Enabled"}
    assert rules["raw"]["Prefix"] == "raw/"
    assert rules["raw"]["Transitions"] == [
        {"StorageClass": "INTELLIGENT_TIERING", "TransitionInDays": 90},
        {"StorageClass": "DEEP_ARCHIVE", "TransitionInDays": 365},
    ]
    assert rules["raw"]["ExpirationInDays"] == 2_557
    # A rule of the bucket would not see which of them a registered model was made from.
    assert not [rule for rule in rules.values() if "training_sets" in rule.get("Prefix", "")]
    assert [rule.days for rule in RETENTION if rule.prefix == "processed/training_sets/"] == [90]
    assert rules["models"]["Prefix"] == "models/"
    assert rules["models"]["Transitions"] == [{"StorageClass": "DEEP_ARCHIVE", "TransitionInDays": 365}]
    assert "ExpirationInDays" not in rules["models"]
    assert rules["housekeeping"]["NoncurrentVersionExpiration"] == {"NoncurrentDays": 30}
    (logs,) = buckets[LOGS]["LifecycleConfiguration"]["Rules"]
    assert logs["ExpirationInDays"] == 90


def test_the_audit_can_be_locked_where_data_outlives_its_stack(
    buckets: dict[str, Document], prod: Assembly
) -> None:
    assert "ObjectLockEnabled" not in buckets[LAKE]
    lasting = prod.template("lake").by("AWS::S3::Bucket", "BucketName")
    locked = {name: bucket.get("ObjectLockEnabled") for name, bucket in lasting.items()}
    assert sorted(map(str, locked.values())) == ["None", "True"]
    (lake,) = (name for name, enabled in locked.items() if enabled)
    assert "-lake-" in lake
    # No default: raw events and models have lifecycles of their own.
    assert "ObjectLockConfiguration" not in lasting[lake]


def test_rules_speak_of_prefixes_that_the_lake_has(buckets: dict[str, Document]) -> None:
    prefixes = {
        rule["Prefix"] for rule in buckets[LAKE]["LifecycleConfiguration"]["Rules"] if "Prefix" in rule
    }
    assert all(any(known.startswith(prefix) for known in PREFIXES) for prefix in prefixes)


def test_a_disposable_lake_is_emptied_before_it_is_deleted(template: Template) -> None:
    disposal = template.only("Custom::FraudlineDisposal")
    assert [text(name) for name in disposal["Buckets"]] == [LAKE, LOGS]
    (resource,) = (
        item for item in template.document["Resources"].values() if item["Type"].startswith("Custom::")
    )
    assert set(template.resources("AWS::S3::Bucket")) <= set(resource["DependsOn"])
    policies = {
        item["DeletionPolicy"]
        for item in template.document["Resources"].values()
        if item["Type"] == "AWS::S3::Bucket"
    }
    assert policies == {"Delete"}


def test_a_lasting_lake_is_retained_and_nothing_may_empty_it(prod: Assembly) -> None:
    template = prod.template("lake")
    for resource in template.document["Resources"].values():
        if resource["Type"] in ("AWS::S3::Bucket", "AWS::KMS::Key"):
            assert resource["DeletionPolicy"] == resource["UpdateReplacePolicy"] == "Retain"
    assert not template.resources("Custom::FraudlineDisposal")
    assert not template.resources("AWS::Lambda::Function")
