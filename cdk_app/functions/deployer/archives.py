"""The archives of an endpoint with several models, copied side by side below one prefix of the lake.

SageMaker finds the models of such an endpoint by their names below the configuration's prefix, and keeps
what it has loaded. So every configuration has a prefix of its own, and what lies there never changes.
"""

from __future__ import annotations

import logging
from collections.abc import Collection
from datetime import datetime
from typing import Any
from urllib.parse import urlsplit

from botocore.exceptions import ClientError, ParamValidationError

from cdk_app.functions.deployer.plan import Plan, is_planned

log = logging.getLogger(__name__)


class ArchiveError(Exception):
    """An archive of an approved package cannot be served; the message says which, and what to do."""


class Archives:
    """What is below ``s3://bucket/prefix/``, a folder for each configuration of an endpoint."""

    def __init__(self, s3: Any, uri: str, endpoint: str) -> None:
        self._s3, self._endpoint = s3, endpoint
        self._bucket, self._prefix = _split(uri)

    def put(self, plan: Plan) -> None:
        """Copy what a plan serves.

        Raises:
            ArchiveError: an archive is not there, or may not be read.
        """
        for target, source in sorted(plan.archives.items()):
            bucket, key = _split(target)
            source_bucket, source_key = _split(source)
            try:
                self._s3.copy_object(
                    Bucket=bucket, Key=key, CopySource={"Bucket": source_bucket, "Key": source_key}
                )
            except (ClientError, ParamValidationError) as error:
                raise ArchiveError(
                    f"{source or 'a package without an archive'} cannot be copied to {target}: {error}; keep "
                    "the archives of models below models/ in the lake"
                ) from error
            log.info("%s is now %s", source, target)

    def clean(self, keep: Collection[str], before: datetime | None) -> None:
        """Delete the folders of this endpoint except those named `keep` and what is younger than `before`."""
        pages = self._s3.get_paginator("list_objects_v2").paginate(Bucket=self._bucket, Prefix=self._prefix)
        for page in pages:
            for item in page.get("Contents", []):
                folder = item["Key"].removeprefix(self._prefix).partition("/")[0]
                old = before is None or item["LastModified"] < before
                if old and folder not in keep and is_planned(self._endpoint, folder):
                    self._s3.delete_object(Bucket=self._bucket, Key=item["Key"])


def _split(uri: str) -> tuple[str, str]:
    parts = urlsplit(uri)
    return parts.netloc, parts.path.lstrip("/")
