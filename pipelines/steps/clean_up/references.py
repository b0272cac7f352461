"""What registered packages refer to: their archive, their metrics, and their training set."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any, NamedTuple

from processing.lake.keys import MODELS_PREFIX, TRAINING_SETS_PREFIX

_RUNS = (TRAINING_SETS_PREFIX, MODELS_PREFIX)


class Reference(NamedTuple):
    """A key of the lake that a package names, and whether that package is rejected."""

    key: str
    rejected: bool = False


class References:
    """Keys of the lake that packages of the registry name.

    A training set lies below its night (``as-of=<night>``) and stays for the package whose metadata name it
    (``training_set``). What one run of the pipeline wrote lies in folders of the run's name: the archive, the
    evaluation, and where Spark computed them the features, which stay for the package of that run.
    """

    def __init__(self, found: Iterable[Reference]) -> None:
        everything = [*found]
        self._any = frozenset(one.key for one in everything)
        self._standing = frozenset(one.key for one in everything if not one.rejected)

    @classmethod
    def of(cls, sagemaker: Any, lake: str, group: str) -> References:
        """Those of every package in the groups whose names begin with `group`.

        Raises:
            ClientError: the registry cannot be read, so nothing may be removed.
        """
        return cls(_references(sagemaker, f"s3://{lake}/", group))

    def protect(self, folder: str, *, for_rejected: bool) -> bool:
        """Whether a key that is referred to lies in a folder, or in another folder of its run.

        Args:
            for_rejected: rejected packages count too.
        """
        keys = self._any if for_rejected else self._standing
        run = _run_of(folder)
        return any(key.startswith(folder) or (run is not None and _run_of(key) == run) for key in keys)


def _run_of(key: str) -> str | None:
    """Name of the run that an object or a folder belongs to; None for one that belongs to none."""
    for prefix in _RUNS:
        if key.startswith(prefix):
            return key.removeprefix(prefix).split("/")[0]
    return None


def _references(sagemaker: Any, bucket: str, group: str) -> Iterator[Reference]:
    pages = sagemaker.get_paginator("list_model_package_groups").paginate(NameContains=group)
    names = [
        found["ModelPackageGroupName"] for page in pages for found in page["ModelPackageGroupSummaryList"]
    ]
    for name in names:
        # Another team's group may contain the name: this role may not list it, and its packages are not ours.
        if name.startswith(group):
            for package in _packages(sagemaker, name):
                rejected = package.get("ModelApprovalStatus") == "Rejected"
                yield from (Reference(key, rejected) for key in _uris(package, bucket))


def _packages(sagemaker: Any, group: str) -> Iterator[dict[str, Any]]:
    for page in sagemaker.get_paginator("list_model_packages").paginate(ModelPackageGroupName=group):
        for summary in page["ModelPackageSummaryList"]:
            yield sagemaker.describe_model_package(ModelPackageName=summary["ModelPackageArn"])


def _uris(node: Any, bucket: str) -> Iterator[str]:
    """Keys of every S3 address in a document, wherever it is."""
    if isinstance(node, dict):
        for value in node.values():
            yield from _uris(value, bucket)
    elif isinstance(node, list):
        for value in node:
            yield from _uris(value, bucket)
    elif isinstance(node, str) and node.startswith(bucket):
        yield node.removeprefix(bucket)
