"""What the steps share that read and write the lake by day: the night's as-of time, day, lake and clients."""

from __future__ import annotations

import argparse
import os
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

import boto3
import pandas as pd
import pyarrow as pa
from botocore.config import Config

from feature_groups.names import Names
from pipelines.steps.container import StepError
from pipelines.steps.windows import parse_as_of
from processing.lake.history import labels_known, transactions_of
from processing.lake.reading import LakeError, LakeReader


@dataclass(frozen=True, slots=True)
class Night:
    """One night of one deployment.

    Attributes:
        as_of: nothing later is known.
        names: of the deployed resources.
        lake: name of the bucket.
    """

    as_of: datetime
    names: Names
    lake: str

    @property
    def day(self) -> date:
        """The last day (UTC) that was over at the as-of time: the day whose facts are written."""
        return self.as_of.date() - timedelta(days=1)

    def partition(self) -> str:
        """Folder of what describes the state of things at the as-of time."""
        return f"date={self.as_of:%Y-%m-%d}"

    def day_partition(self) -> str:
        """Folder of what happened on the day."""
        return f"date={self.day:%Y-%m-%d}"

    def transactions(self, first: date, last: date) -> pd.DataFrame:
        """See `transactions_of`.

        Raises:
            StepError: a file cannot be read.
        """
        try:
            return transactions_of(self._reader(), first, last, self.as_of)
        except LakeError as error:
            raise StepError(str(error)) from None

    def labels(self, first: date) -> pd.DataFrame:
        """See `labels_known`.

        Raises:
            StepError: a file cannot be read.
        """
        try:
            return labels_known(self._reader(), first, self.as_of)
        except LakeError as error:
            raise StepError(str(error)) from None

    def profiles(self, uri: str, schema: pa.Schema) -> pa.Table:
        """Versions of user profiles below an S3 prefix of the lake.

        Raises:
            StepError: the prefix is elsewhere, or a file cannot be read.
        """
        prefix = uri.removeprefix(f"s3://{self.lake}/")
        if prefix == uri:
            raise StepError(f"profiles: {uri!r} is not in the lake; use a prefix of s3://{self.lake}/")
        return self.read([prefix], schema)

    def read(self, prefixes: Iterable[str], schema: pa.Schema) -> pa.Table:
        """Rows of the lake's Parquet files below some prefixes.

        Raises:
            StepError: a file cannot be read.
        """
        try:
            return self._reader().read(prefixes, schema)
        except LakeError as error:
            raise StepError(str(error)) from None

    def has(self, prefix: str) -> bool:
        """Whether the lake has a Parquet file below a prefix."""
        return any(self._reader().keys(prefix))

    def _reader(self) -> LakeReader:
        return LakeReader(client("s3"), self.lake)


def add_night(parser: argparse.ArgumentParser) -> None:
    """The options that `night_of` reads."""
    parser.add_argument("--environment", required=True, help="which deployment")
    parser.add_argument("--lake", required=True, help="bucket of the lake")
    parser.add_argument("--as-of", required=True, help="the night, like 2026-03-01T02:00:00Z")


def night_of(options: argparse.Namespace) -> Night:
    """The night that the options name.

    Raises:
        StepError: one of them does not fit.
    """
    try:
        names = Names(options.environment)
    except ValueError as error:
        raise StepError(str(error)) from None
    return Night(parse_as_of(options.as_of), names, options.lake)


def client(service: str, **config: Any) -> Any:
    """A client of the job's region; threads may share it."""
    # A processing job is told its region as AWS_REGION, which boto3 does not look at.
    region = os.environ.get("AWS_REGION") or os.environ.get("AWS_DEFAULT_REGION")
    settings = Config(
        max_pool_connections=32, retries={"mode": "standard", "total_max_attempts": 8}, **config
    )
    return boto3.client(service, region_name=region, config=settings)
