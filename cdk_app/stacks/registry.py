"""The model registry: where the nightly pipeline registers (N5) and reviewers approve."""

from __future__ import annotations

from typing import Any

from aws_cdk import RemovalPolicy, Stack
from aws_cdk import aws_sagemaker as sagemaker
from constructs import Construct

from cdk_app.arns import Arns
from cdk_app.constructs.disposal import Disposal
from cdk_app.settings import Settings


class RegistryStack(Stack):
    """The model package group. Its packages are data: they survive their stack."""

    def __init__(self, scope: Construct, construct_id: str, *, settings: Settings, **kwargs: Any) -> None:
        super().__init__(scope, construct_id, description="The model registry", **kwargs)
        group = sagemaker.CfnModelPackageGroup(
            self,
            "Group",
            model_package_group_name=settings.names.model_package_group,
            model_package_group_description=(
                "Fraud models. Registered nightly as PendingManualApproval; approval deploys."
            ),
        )
        group.apply_removal_policy(RemovalPolicy.DESTROY if settings.disposable else RemovalPolicy.RETAIN)
        if settings.disposable:
            disposal = Disposal(self, "Disposal", name="registry", settings=settings)
            disposal.empty_package_group(group, Arns(self, settings.names))
