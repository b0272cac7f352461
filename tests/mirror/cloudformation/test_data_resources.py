"""Buckets, streams, tables and feature groups: every property arrives, and changes in place."""

from __future__ import annotations

from typing import Any

import pytest
from botocore.exceptions import ClientError

from mirror.documents import utcnow
from tests.mirror.cloudformation.deploying import Stack
from tests.mirror.running import RunningMirror

pytestmark = pytest.mark.slow

BUCKET: dict[str, Any] = {
    "BucketName": "all-of-it",
    "VersioningConfiguration": {"Status": "Enabled"},
    "BucketEncryption": {
        "ServerSideEncryptionConfiguration": [
            {
                "BucketKeyEnabled": True,
                "ServerSideEncryptionByDefault": {
                    "SSEAlgorithm": "aws:kms",
                    "KMSMasterKeyID": {"Fn::GetAtt": ["Key", "Arn"]},
                },
            }
        ]
    },
    "LifecycleConfiguration": {
        "Rules": [
            {
                "Id": "raw",
                "Prefix": "raw/",
                "Status": "Enabled",
                "Transitions": [
                    {"StorageClass": "INTELLIGENT_TIERING", "TransitionInDays": 90},
                    {"StorageClass": "DEEP_ARCHIVE", "TransitionInDays": 365},
                ],
                "ExpirationInDays": 2555,
                "NoncurrentVersionExpiration": {"NoncurrentDays": 30},
                "AbortIncompleteMultipartUpload": {"DaysAfterInitiation": 7},
            },
            {
                "Id": "tagged",
                "Status": "Enabled",
                "ExpirationInDays": 1,
                "TagFilters": [{"Key": "a", "Value": "b"}],
            },
        ]
    },
    "PublicAccessBlockConfiguration": {
        "BlockPublicAcls": True,
        "BlockPublicPolicy": True,
        "IgnorePublicAcls": True,
        "RestrictPublicBuckets": True,
    },
    "OwnershipControls": {"Rules": [{"ObjectOwnership": "BucketOwnerEnforced"}]},
    "Tags": [{"Key": "team", "Value": "fraud"}],
}
KEY = {"Type": "AWS::KMS::Key", "Properties": {"EnableKeyRotation": True, "Description": "k"}}
TLS_ONLY = {
    "Version": "2012-10-17",
    "Statement": [
        {
            "Effect": "Deny",
            "Principal": {"AWS": "*"},
            "Action": "s3:*",
            "Resource": [{"Fn::GetAtt": ["B", "Arn"]}, {"Fn::Sub": "${B.Arn}/*"}],
            "Condition": {"Bool": {"aws:SecureTransport": "false"}},
        }
    ],
}


def test_bucket(mirror: RunningMirror) -> None:
    stack = Stack(mirror, "bucket")
    policy = {
        "Type": "AWS::S3::BucketPolicy",
        "Properties": {"Bucket": {"Ref": "B"}, "PolicyDocument": TLS_ONLY},
    }
    resources = {"Key": KEY, "B": {"Type": "AWS::S3::Bucket", "Properties": BUCKET}, "Policy": policy}
    assert stack.create(resources) == "CREATE_COMPLETE", stack.reasons()
    s3, name = mirror.client("s3"), "all-of-it"
    assert s3.get_bucket_versioning(Bucket=name)["Status"] == "Enabled"
    (rule,) = s3.get_bucket_encryption(Bucket=name)["ServerSideEncryptionConfiguration"]["Rules"]
    assert rule["ApplyServerSideEncryptionByDefault"]["SSEAlgorithm"] == "aws:kms"
    assert rule["ApplyServerSideEncryptionByDefault"]["KMSMasterKeyID"].startswith("arn:aws:kms:")
    assert rule["BucketKeyEnabled"] is True
    raw, tagged = s3.get_bucket_lifecycle_configuration(Bucket=name)["Rules"]
    assert raw["Filter"] == {"Prefix": "raw/"}
    assert [item["StorageClass"] for item in raw["Transitions"]] == ["INTELLIGENT_TIERING", "DEEP_ARCHIVE"]
    assert raw["Expiration"]["Days"] == 2555
    assert raw["NoncurrentVersionExpiration"]["NoncurrentDays"] == 30
    assert raw["AbortIncompleteMultipartUpload"]["DaysAfterInitiation"] == 7
    assert tagged["Filter"] == {"Tag": {"Key": "a", "Value": "b"}}
    assert all(s3.get_public_access_block(Bucket=name)["PublicAccessBlockConfiguration"].values())
    (control,) = s3.get_bucket_ownership_controls(Bucket=name)["OwnershipControls"]["Rules"]
    assert control["ObjectOwnership"] == "BucketOwnerEnforced"
    assert s3.get_bucket_tagging(Bucket=name)["TagSet"] == [{"Key": "team", "Value": "fraud"}]
    # The policy is kept as it was written, and plain http on the loopback interface works all the same.
    assert "aws:SecureTransport" in s3.get_bucket_policy(Bucket=name)["Policy"]
    s3.put_object(Bucket=name, Key="x", Body=b"data")
    assert s3.get_object(Bucket=name, Key="x")["Body"].read() == b"data"

    slim = {key: BUCKET[key] for key in ("BucketName", "VersioningConfiguration", "BucketEncryption")}
    resources["B"] = {
        "Type": "AWS::S3::Bucket",
        "Properties": slim | {"VersioningConfiguration": {"Status": "Suspended"}},
    }
    assert stack.update(resources) == "UPDATE_COMPLETE", stack.reasons()
    assert s3.get_bucket_versioning(Bucket=name)["Status"] == "Suspended"
    for read in (s3.get_bucket_lifecycle_configuration, s3.get_public_access_block, s3.get_bucket_tagging):
        with pytest.raises(ClientError, match="NoSuch"):
            read(Bucket=name)
    assert s3.get_object(Bucket=name, Key="x")["Body"].read() == b"data"

    assert stack.delete() == "DELETE_FAILED"
    assert "not empty" in Stack(mirror, "bucket").reasons()
    for version in s3.list_object_versions(Bucket=name)["Versions"]:
        s3.delete_object(Bucket=name, Key=version["Key"], VersionId=version["VersionId"])
    assert stack.delete() == "DELETE_COMPLETE"


def test_replicated_bucket(mirror: RunningMirror) -> None:
    stack = Stack(mirror, "replicated")
    versioned = {"VersioningConfiguration": {"Status": "Enabled"}}
    trust = {
        "Version": "2012-10-17",
        "Statement": [
            {"Effect": "Allow", "Principal": {"Service": "s3.amazonaws.com"}, "Action": "sts:AssumeRole"}
        ],
    }
    rule = {
        "Id": "all",
        "Status": "Enabled",
        "Priority": 1,
        "Filter": {"Prefix": ""},
        "DeleteMarkerReplication": {"Status": "Disabled"},
        "Destination": {"Bucket": {"Fn::GetAtt": ["Copy", "Arn"]}},
    }
    replication = {"Role": {"Fn::GetAtt": ["Role", "Arn"]}, "Rules": [rule]}
    resources = {
        "Role": {"Type": "AWS::IAM::Role", "Properties": {"AssumeRolePolicyDocument": trust}},
        "Copy": {"Type": "AWS::S3::Bucket", "Properties": {**versioned, "BucketName": "copy"}},
        "Source": {
            "Type": "AWS::S3::Bucket",
            "Properties": {**versioned, "BucketName": "source", "ReplicationConfiguration": replication},
        },
    }
    assert stack.create(resources) == "CREATE_COMPLETE", stack.reasons()
    found = mirror.client("s3").get_bucket_replication(Bucket="source")["ReplicationConfiguration"]
    assert found["Rules"][0]["Destination"]["Bucket"] == "arn:aws:s3:::copy"
    assert found["Rules"][0]["ID"] == "all"
    stack.delete()


def test_stream(mirror: RunningMirror) -> None:
    stack = Stack(mirror, "stream")
    properties: dict[str, Any] = {
        "Name": "raw",
        "ShardCount": 2,
        "RetentionPeriodHours": 168,
        "StreamEncryption": {"EncryptionType": "KMS", "KeyId": "alias/aws/kinesis"},
        "StreamModeDetails": {"StreamMode": "PROVISIONED"},
        "Tags": [{"Key": "team", "Value": "fraud"}],
    }
    assert (
        stack.create({"S": {"Type": "AWS::Kinesis::Stream", "Properties": properties}}) == "CREATE_COMPLETE"
    )
    kinesis = mirror.client("kinesis")

    def summary() -> dict[str, Any]:
        found: dict[str, Any] = kinesis.describe_stream_summary(StreamName="raw")["StreamDescriptionSummary"]
        return found

    found = summary()
    assert (found["OpenShardCount"], found["RetentionPeriodHours"], found["EncryptionType"]) == (
        2,
        168,
        "KMS",
    )
    assert kinesis.list_tags_for_stream(StreamName="raw")["Tags"] == [{"Key": "team", "Value": "fraud"}]
    kinesis.put_record(StreamName="raw", Data=b"kept", PartitionKey="k")

    changed = {
        "Name": "raw",
        "RetentionPeriodHours": 48,
        "StreamModeDetails": {"StreamMode": "ON_DEMAND"},
    }
    assert stack.update({"S": {"Type": "AWS::Kinesis::Stream", "Properties": changed}}) == "UPDATE_COMPLETE"
    found = summary()
    assert found["StreamModeDetails"]["StreamMode"] == "ON_DEMAND"
    assert (found["RetentionPeriodHours"], found["EncryptionType"]) == (48, "NONE")
    stack.delete()
    with pytest.raises(ClientError, match="ResourceNotFound"):
        summary()


def test_table(mirror: RunningMirror) -> None:
    stack = Stack(mirror, "table")
    properties: dict[str, Any] = {
        "TableName": "seen",
        "AttributeDefinitions": [{"AttributeName": "id", "AttributeType": "S"}],
        "KeySchema": [{"AttributeName": "id", "KeyType": "HASH"}],
        "BillingMode": "PAY_PER_REQUEST",
        "TimeToLiveSpecification": {"AttributeName": "expires", "Enabled": True},
        "PointInTimeRecoverySpecification": {"PointInTimeRecoveryEnabled": True},
        "SSESpecification": {"SSEEnabled": True},
        "StreamSpecification": {"StreamViewType": "NEW_IMAGE"},
    }
    outputs = {"Stream": {"Value": {"Fn::GetAtt": ["T", "StreamArn"]}}}
    table = {"Type": "AWS::DynamoDB::Table", "Properties": properties}
    assert stack.create({"T": table}, Outputs=outputs) == "CREATE_COMPLETE", stack.reasons()
    dynamodb = mirror.client("dynamodb")
    ttl = dynamodb.describe_time_to_live(TableName="seen")["TimeToLiveDescription"]
    assert ttl == {"TimeToLiveStatus": "ENABLED", "AttributeName": "expires"}
    backups = dynamodb.describe_continuous_backups(TableName="seen")["ContinuousBackupsDescription"]
    assert backups["PointInTimeRecoveryDescription"]["PointInTimeRecoveryStatus"] == "ENABLED"
    found = dynamodb.describe_table(TableName="seen")["Table"]
    assert found["SSEDescription"]["Status"] == "ENABLED"
    assert "/stream/" in stack.outputs()["Stream"]

    dynamodb.put_item(TableName="seen", Item={"id": {"S": "1"}})
    del properties["TimeToLiveSpecification"]
    assert stack.update({"T": table}) == "UPDATE_COMPLETE", stack.reasons()
    assert (
        dynamodb.describe_time_to_live(TableName="seen")["TimeToLiveDescription"]["TimeToLiveStatus"]
        == "DISABLED"
    )
    assert dynamodb.get_item(TableName="seen", Key={"id": {"S": "1"}})["Item"]
    stack.delete()


FEATURES = [
    {"FeatureName": "user_id", "FeatureType": "String"},
    {"FeatureName": "event_time", "FeatureType": "String"},
    {"FeatureName": "amount", "FeatureType": "Fractional"},
]


def group(**properties: Any) -> dict[str, Any]:
    return {
        "Type": "AWS::SageMaker::FeatureGroup",
        "Properties": {
            "FeatureGroupName": "profile",
            "RecordIdentifierFeatureName": "user_id",
            "EventTimeFeatureName": "event_time",
            "FeatureDefinitions": FEATURES,
            "OnlineStoreConfig": {"EnableOnlineStore": True, "TtlDuration": {"Unit": "Days", "Value": 30}},
            **properties,
        },
    }


def test_feature_group_grows_and_is_never_replaced(mirror: RunningMirror) -> None:
    stack = Stack(mirror, "features")
    assert stack.create({"G": group()}) == "CREATE_COMPLETE", stack.reasons()
    runtime, sagemaker = mirror.client("sagemaker-featurestore-runtime"), mirror.client("sagemaker")
    record = [
        {"FeatureName": "user_id", "ValueAsString": "u1"},
        {"FeatureName": "event_time", "ValueAsString": f"{utcnow():%Y-%m-%dT%H:%M:%SZ}"},
    ]
    runtime.put_record(FeatureGroupName="profile", Record=record)

    wider = [*FEATURES, {"FeatureName": "country", "FeatureType": "String"}]
    ttl = {"EnableOnlineStore": True, "TtlDuration": {"Unit": "Days", "Value": 60}}
    assert stack.update({"G": group(FeatureDefinitions=wider, OnlineStoreConfig=ttl)}) == "UPDATE_COMPLETE"
    found = sagemaker.describe_feature_group(FeatureGroupName="profile")
    assert [item["FeatureName"] for item in found["FeatureDefinitions"]][-1] == "country"
    assert found["OnlineStoreConfig"]["TtlDuration"]["Value"] == 60
    assert runtime.get_record(FeatureGroupName="profile", RecordIdentifierValueAsString="u1")["Record"]

    for change, named in (
        ({"FeatureDefinitions": FEATURES[:2]}, "FeatureDefinitions: amount, country removed"),
        ({"Description": "other"}, "Description changed"),
        ({"FeatureGroupName": "other"}, "FeatureGroupName changed"),
        ({"OnlineStoreConfig": {"EnableOnlineStore": True}}, "TtlDuration removed"),
    ):
        with pytest.raises(ClientError, match=named):
            stack.update({"G": group(**{"FeatureDefinitions": wider, "OnlineStoreConfig": ttl, **change})})
    assert runtime.get_record(FeatureGroupName="profile", RecordIdentifierValueAsString="u1")["Record"]

    same: dict[str, Any] = {"FeatureDefinitions": wider, "OnlineStoreConfig": ttl}
    units = {"ProvisionedReadCapacityUnits": 5, "ProvisionedWriteCapacityUnits": 5}
    provisioned = {"ThroughputMode": "Provisioned", **units}
    stack.update({"G": group(**same, ThroughputConfig=provisioned)})
    assert sagemaker.describe_feature_group(FeatureGroupName="profile")["ThroughputConfig"] == provisioned
    stack.update({"G": group(**same)})
    found = sagemaker.describe_feature_group(FeatureGroupName="profile")
    assert found["ThroughputConfig"] == {"ThroughputMode": "OnDemand"}
    assert stack.delete() == "DELETE_COMPLETE"
