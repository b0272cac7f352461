"""ARNs of the deployed resources by their fixed names, for policies and events.

Naming a resource instead of importing it from its stack leaves stacks free to change on their own;
`cdk_app.app` declares their order.
"""

from __future__ import annotations

from aws_cdk import Stack

from feature_groups.names import Names
from processing.lake.keys import PREFIXES


class Arns:
    """ARNs in the account and region of one stack."""

    def __init__(self, stack: Stack, names: Names) -> None:
        self._stack = stack
        self._names = names

    def of(self, service: str, resource: str) -> str:
        """The ARN of ``type/name`` or ``type:name`` in this account and region."""
        return f"arn:{self._stack.partition}:{service}:{self._stack.region}:{self._stack.account}:{resource}"

    def bucket(self, name: str) -> str:
        return f"arn:{self._stack.partition}:s3:::{name}"

    @property
    def lake_name(self) -> str:
        return self._names.lake_bucket(self._stack.account, self._stack.region)

    @property
    def lake(self) -> str:
        return self.bucket(self.lake_name)

    @property
    def logs_name(self) -> str:
        """The bucket that receives the access logs of the lake."""
        return f"{self._names.prefix}-logs-{self._stack.account}-{self._stack.region}"

    def lake_objects(self, prefix: str) -> str:
        """Objects below ``prefix``, which ends in a slash.

        Raises:
            ValueError: the lake has no such prefix.
        """
        if not prefix.endswith("/") or not prefix.startswith(PREFIXES):
            raise ValueError(f"lake prefix {prefix!r}: expected one of {', '.join(PREFIXES)}")
        return f"{self.lake}/{prefix}*"

    @property
    def code_bucket(self) -> str:
        """The bucket of `cdk bootstrap` that holds the code assets."""
        return self.bucket(self._bootstrapped("assets"))

    @property
    def image_repository(self) -> str:
        """The repository of `cdk bootstrap` that holds the inference image."""
        return self.of("ecr", f"repository/{self._bootstrapped('container-assets')}")

    def _bootstrapped(self, kind: str) -> str:
        return f"cdk-hnb659fds-{kind}-{self._stack.account}-{self._stack.region}"

    def stream(self, name: str) -> str:
        """A stream by its name in `feature_groups.names.STREAMS`."""
        return self.of("kinesis", f"stream/{self._names.stream(name)}")

    def feature_group(self, name: str) -> str:
        return self.of("sagemaker", f"feature-group/{self._names.feature_group(name)}")

    @property
    def pipeline(self) -> str:
        return self.of("sagemaker", f"pipeline/{self._names.pipeline}")

    @property
    def packages(self) -> str:
        """Every version in the model package group."""
        return self.packages_of(self._names.model_package_group)

    @property
    def all_packages(self) -> str:
        """Every version in that group and in those of fraud types."""
        return self.packages_of(f"{self._names.model_package_group}*")

    @property
    def all_package_groups(self) -> str:
        """That group and those of fraud types."""
        return self.package_group_of(f"{self._names.model_package_group}*")

    @property
    def package_group(self) -> str:
        return self.package_group_of(self._names.model_package_group)

    def packages_of(self, group: str) -> str:
        """Every version in a model package group."""
        return self.of("sagemaker", f"model-package/{group}/*")

    def package_group_of(self, group: str) -> str:
        return self.of("sagemaker", f"model-package-group/{group}")

    @property
    def endpoint(self) -> str:
        return self.of("sagemaker", f"endpoint/{self._names.endpoint}")
