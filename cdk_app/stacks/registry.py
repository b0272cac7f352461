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
    """The model package groups. Their packages are data: they survive their stack."""

    def __init__(self, scope: Construct, construct_id: str, *, settings: Settings, **kwargs: Any) -> None:
        super().__init__(scope, construct_id, description="The model registry", **kwargs)
        names = settings.names
        self._settings = settings
        self._disposal = (
            Disposal(self, "Disposal", name="registry", settings=settings) if settings.disposable else None
        )
        self._group("", names.model_package_group, "Fraud models. Registered nightly")
        for fraud_type in settings.model_types:
            what = f"Models of {fraud_type.replace('-', ' ')}. Registered"
            self._group(f"-{fraud_type}", names.model_package_group_of(fraud_type), what)

    def _group(self, suffix: str, name: str, what: str) -> None:
        group = sagemaker.CfnModelPackageGroup(
            self,
            f"Group{suffix}",
            model_package_group_name=name,
            model_package_group_description=f"{what} as PendingManualApproval; approval deploys.",
        )
        group.apply_removal_policy(
            RemovalPolicy.DESTROY if self._settings.disposable else RemovalPolicy.RETAIN
        )
        if self._disposal is not None:
            self._disposal.empty_package_group(group, Arns(self, self._settings.names), suffix)
