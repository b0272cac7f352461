"""Makes a disposable environment deletable although it holds data."""

from __future__ import annotations

from collections.abc import Mapping

from aws_cdk import CustomResource, Duration
from aws_cdk import aws_s3 as s3
from aws_cdk import aws_sagemaker as sagemaker
from constructs import Construct

from cdk_app.arns import Arns
from cdk_app.constructs.python_function import PythonFunction
from cdk_app.settings import Settings


class Disposal(Construct):
    """When the stack is deleted, empties what CloudFormation deletes only when it is empty.

    Raises:
        ValueError: the environment keeps its data.
    """

    def __init__(self, scope: Construct, construct_id: str, *, name: str, settings: Settings) -> None:
        super().__init__(scope, construct_id)
        if not settings.disposable:
            raise ValueError(f"removal: {settings.environment} keeps its data; nothing there may empty it")
        self._function = PythonFunction(
            self,
            "Disposal",
            name=f"{settings.names.prefix}-{name}-disposal",
            handler="cdk_app.functions.disposal.handler.handle",
            description="Empties disposable resources before they are deleted",
            environment={},
            settings=settings,
        )

    def empty_buckets(self, buckets: Mapping[str, s3.Bucket], arns: Arns) -> None:
        """Delete every object version of `buckets`, which are keyed by their names, before they go."""
        objects = [f"{arns.bucket(name)}/*" for name in buckets]
        self._function.allow(
            ["s3:ListBucketVersions", "s3:PutBucketLogging"], *(arns.bucket(name) for name in buckets)
        )
        self._function.allow(["s3:DeleteObject", "s3:DeleteObjectVersion"], *objects)
        self._function.acknowledge_wildcards(dict.fromkeys(objects, "Every object of a disposable bucket."))
        resource = self._resource("Buckets", {"Buckets": list(buckets)})
        for bucket in buckets.values():
            resource.node.add_dependency(bucket)

    def empty_package_group(
        self, group: sagemaker.CfnModelPackageGroup, arns: Arns, suffix: str = ""
    ) -> None:
        """Delete every package of `group` before the group goes."""
        name = group.model_package_group_name
        packages = arns.packages_of(name)
        self._function.allow(["sagemaker:DeleteModelPackage"], packages)
        self._function.allow(["sagemaker:ListModelPackages"], arns.package_group_of(name))
        self._function.acknowledge_wildcards({packages: "Every version of one model package group."})
        resource = self._resource(f"Packages{suffix}", {"ModelPackageGroup": name})
        resource.node.add_dependency(group)

    def _resource(self, construct_id: str, properties: dict[str, object]) -> CustomResource:
        resource = CustomResource(
            self,
            construct_id,
            service_token=self._function.arn,
            resource_type="Custom::FraudlineDisposal",
            properties=properties,
            service_timeout=Duration.hours(1),
        )
        # On deletion the function and its permissions must outlive this resource.
        resource.node.add_dependency(self._function)
        return resource
