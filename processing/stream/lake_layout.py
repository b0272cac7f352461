"""Makes every prefix of the lake exist, once per start.

SageMaker refuses a processing input whose prefix holds no object, and on the first night there may
be no labels and no profiles yet. An empty marker object in each prefix is what it needs.
"""

from __future__ import annotations

import logging
import threading
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from feature_groups.names import Names
from processing.lake import marker_keys
from processing.stream.retry import attempts

_log = logging.getLogger(__name__)


class LakeLayout:
    """A thread that puts the markers that are absent, and tries until it succeeded.

    Args:
        s3, sts: clients; STS tells the account that is part of the offline store's keys.
        bucket: the lake.
        stop: set when the consumer stops; what is missing is then left for the next start.
    """

    def __init__(self, s3: Any, sts: Any, names: Names, bucket: str, stop: threading.Event) -> None:
        self._s3, self._sts = s3, sts
        self._names, self._bucket, self._stop = names, bucket, stop
        self._thread = threading.Thread(target=self._run, name="lake-layout", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def _run(self) -> None:
        for _ in attempts(self._stop):
            try:
                self.lay_out()
            except (ClientError, BotoCoreError) as error:
                _log.warning("the lake could not be laid out, trying again: %s", error)
                continue
            return

    def lay_out(self) -> None:
        """Put every marker that is absent.

        Raises:
            ClientError, BotoCoreError: S3 or STS refused or did not answer.
        """
        account = self._sts.get_caller_identity()["Account"]
        for key in marker_keys(self._names, account, self._s3.meta.region_name):
            try:
                self._s3.put_object(Bucket=self._bucket, Key=key, Body=b"", IfNoneMatch="*")
            except ClientError as error:
                if error.response["Error"]["Code"] != "PreconditionFailed":  # it is there already
                    raise
