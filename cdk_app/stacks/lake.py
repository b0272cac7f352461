"""The lake (S2) and what becomes of its data over the years (S3)."""

from __future__ import annotations

from typing import Any

from aws_cdk import Duration, RemovalPolicy, Stack
from aws_cdk import aws_kms as kms
from aws_cdk import aws_s3 as s3
from constructs import Construct

from cdk_app.arns import Arns
from cdk_app.constructs.disposal import Disposal
from cdk_app.nag import acknowledge
from cdk_app.settings import ARCHIVE_AFTER_DAYS, Settings

TIERING_AFTER_DAYS = 90
REPLACED_VERSIONS_DAYS = 30


class LakeStack(Stack):
    """The lake bucket, its key, and the bucket that receives its access logs."""

    def __init__(self, scope: Construct, construct_id: str, *, settings: Settings, **kwargs: Any) -> None:
        super().__init__(scope, construct_id, description="The data lake", **kwargs)
        names = settings.names
        arns = Arns(self, names)
        removal = RemovalPolicy.DESTROY if settings.disposable else RemovalPolicy.RETAIN
        self.key = kms.Key(
            self,
            "Key",
            description=f"{names.prefix}: the lake, the feature store and the models",
            enable_key_rotation=True,
            removal_policy=removal,
        )
        access_logs = s3.Bucket(
            self,
            "AccessLogs",
            bucket_name=arns.logs_name,
            encryption=s3.BucketEncryption.S3_MANAGED,  # S3 writes its logs to no other kind
            enforce_ssl=True,
            versioned=True,
            block_public_access=s3.BlockPublicAccess.BLOCK_ALL,
            object_ownership=s3.ObjectOwnership.BUCKET_OWNER_ENFORCED,
            lifecycle_rules=[
                s3.LifecycleRule(
                    id="expire",
                    expiration=Duration.days(settings.log_retention_days),
                    noncurrent_version_expiration=Duration.days(1),
                )
            ],
            removal_policy=removal,
        )
        acknowledge(access_logs, {"AwsSolutions-S1": "It holds access logs; its own would never end."})
        self.bucket = s3.Bucket(
            self,
            "Lake",
            bucket_name=arns.lake_name,
            encryption=s3.BucketEncryption.KMS,
            encryption_key=self.key,
            bucket_key_enabled=True,
            enforce_ssl=True,
            versioned=True,
            # The audit of decisions is locked object by object, as it is written.
            object_lock_enabled=None if settings.disposable else True,
            block_public_access=s3.BlockPublicAccess.BLOCK_ALL,
            object_ownership=s3.ObjectOwnership.BUCKET_OWNER_ENFORCED,
            server_access_logs_bucket=access_logs,
            server_access_logs_prefix="lake/",
            lifecycle_rules=_lifecycle(settings),
            removal_policy=removal,
        )
        if settings.disposable:
            disposal = Disposal(self, "Disposal", name="lake", settings=settings)
            disposal.empty_buckets({arns.lake_name: self.bucket, arns.logs_name: access_logs}, arns)


def _lifecycle(settings: Settings) -> list[s3.LifecycleRule]:
    archive = s3.Transition(
        storage_class=s3.StorageClass.DEEP_ARCHIVE, transition_after=Duration.days(ARCHIVE_AFTER_DAYS)
    )
    tiering = s3.Transition(
        storage_class=s3.StorageClass.INTELLIGENT_TIERING, transition_after=Duration.days(TIERING_AFTER_DAYS)
    )
    return [
        s3.LifecycleRule(
            id="raw",
            prefix="raw/",
            transitions=[tiering, archive],
            expiration=Duration.days(settings.raw_retention_days),
        ),
        # Training sets expire by the night's clean-up, which keeps those of registered models.
        s3.LifecycleRule(id="models", prefix="models/", transitions=[archive]),
        s3.LifecycleRule(
            id="housekeeping",
            abort_incomplete_multipart_upload_after=Duration.days(7),
            noncurrent_version_expiration=Duration.days(REPLACED_VERSIONS_DAYS),
        ),
    ]
