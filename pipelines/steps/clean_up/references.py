"""What registered packages refer to: their archive, their metrics, and the training set of their run."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from processing.lake.keys import MODELS_PREFIX, TRAINING_SETS_PREFIX

_RUNS = (TRAINING_SETS_PREFIX, MODELS_PREFIX)


class References:
    """Keys of the lake that packages of the registry name.

    The outputs of one run of the pipeline lie in folders of one name in every area, so that a package keeps
    the training set that it was made from with the archive that it names.
    """

    def __init__(self, keys: Iterator[str]) -> None:
        self.keys = frozenset(keys)
        self.runs = frozenset(
            key.removeprefix(prefix).split("/")[0]
            for key in self.keys
            for prefix in _RUNS
            if key.startswith(prefix)
        )

    @classmethod
    def of(cls, sagemaker: Any, lake: str, group: str) -> References:
        """Those of every package, whatever its status, in the groups whose names contain `group`.

        Raises:
            ClientError: the registry cannot be read, so nothing may be removed.
        """
        return cls(_keys(sagemaker, lake, group))

    def protect(self, folder: str) -> bool:
        """Whether an object that is referred to lies in a folder, or in the folder of its run."""
        if any(key.startswith(folder) for key in self.keys):
            return True
        return any(folder == f"{prefix}{run}/" for prefix in _RUNS for run in self.runs)


def _keys(sagemaker: Any, lake: str, group: str) -> Iterator[str]:
    groups = sagemaker.get_paginator("list_model_package_groups").paginate(NameContains=group)
    for page in groups:
        for found in page["ModelPackageGroupSummaryList"]:
            for document in _packages(sagemaker, found["ModelPackageGroupName"]):
                yield from _uris(document, f"s3://{lake}/")


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
