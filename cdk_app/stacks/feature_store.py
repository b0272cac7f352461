"""The online and offline feature store (S1), generated from the declarations in `feature_groups`."""

from __future__ import annotations

from typing import Any

from aws_cdk import RemovalPolicy, Stack
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from aws_cdk import aws_sagemaker as sagemaker
from constructs import Construct

from cdk_app.arns import Arns
from cdk_app.nag import acknowledge_wildcards
from cdk_app.settings import Settings
from feature_groups import GROUPS, FeatureGroup
from processing.lake.keys import OFFLINE_PREFIX


class FeatureStoreStack(Stack):
    """One `AWS::SageMaker::FeatureGroup` per declared group.

    A feature group is data: CloudFormation may replace it when its features change, which is why
    features are added with `UpdateFeatureGroup` and the groups are retained outside disposable
    environments.
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        settings: Settings,
        key: kms.IKey,
        **kwargs: Any,
    ) -> None:
        super().__init__(scope, construct_id, description="Feature groups", **kwargs)
        self._settings = settings
        self._arns = Arns(self, settings.names)
        self._key = key
        self._role = self._writer_role()
        self.groups = {group.name: self._group(group) for group in GROUPS}

    def _writer_role(self) -> iam.Role:
        """Feature Store assumes it to copy online records to the lake."""
        role = iam.Role(
            self,
            "Writer",
            assumed_by=iam.ServicePrincipal("sagemaker.amazonaws.com"),
            description="Feature Store copies records to the offline store in the lake",
        )
        objects = self._arns.lake_objects(OFFLINE_PREFIX)
        role.add_to_policy(iam.PolicyStatement(actions=["s3:PutObject"], resources=[objects]))
        role.add_to_policy(
            iam.PolicyStatement(
                actions=["s3:GetBucketAcl", "s3:GetBucketLocation", "s3:ListBucket"],
                resources=[self._arns.lake],
            )
        )
        role.add_to_policy(
            iam.PolicyStatement(actions=["kms:Decrypt", "kms:GenerateDataKey"], resources=[self._key.key_arn])
        )
        acknowledge_wildcards(role, {objects: "Feature Store chooses the keys below the prefix."})
        return role

    def _group(self, group: FeatureGroup) -> sagemaker.CfnFeatureGroup:
        resource = sagemaker.CfnFeatureGroup(
            self,
            group.name,
            feature_group_name=self._settings.names.feature_group(group.name),
            description=group.description,
            record_identifier_feature_name=group.record_identifier,
            event_time_feature_name=group.event_time,
            feature_definitions=[
                sagemaker.CfnFeatureGroup.FeatureDefinitionProperty(feature_name=name, feature_type=kind)
                for name, kind in group.features
            ],
            online_store_config=self._online(group),
            offline_store_config=self._offline() if group.offline and self._settings.offline_store else None,
            role_arn=self._role.role_arn,
        )
        # The policy must be there before Feature Store first assumes the role.
        resource.node.add_dependency(self._role)
        resource.apply_removal_policy(
            RemovalPolicy.DESTROY if self._settings.disposable else RemovalPolicy.RETAIN
        )
        return resource

    def _online(self, group: FeatureGroup) -> dict[str, Any]:
        config: dict[str, Any] = {
            "EnableOnlineStore": True,
            "StorageType": self._settings.feature_store_tier,
            "SecurityConfig": {"KmsKeyId": self._key.key_arn},
        }
        days = self._settings.feature_ttl_days.get(group.name, group.ttl_days)
        if days is not None:
            config["TtlDuration"] = {"Unit": "Days", "Value": days}
        return config

    def _offline(self) -> dict[str, Any]:
        return {
            "S3StorageConfig": {
                "S3Uri": f"s3://{self._arns.lake_name}/{OFFLINE_PREFIX.rstrip('/')}",
                "KmsKeyId": self._key.key_arn,
            }
        }
