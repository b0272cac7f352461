"""Reads Parquet files of the lake by prefix, whatever optional columns they happen to have."""

from __future__ import annotations

import io
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

_THREADS = 8

Keep = Callable[[pa.Table], Any]


class LakeError(ValueError):
    """An object of the lake cannot be read; the message names it and says why."""


class LakeReader:
    """The Parquet files of one lake.

    Args:
        s3: a client that threads may share.
        bucket: the lake.
    """

    def __init__(self, s3: Any, bucket: str) -> None:
        self._s3, self._bucket = s3, bucket

    def read(self, prefixes: Iterable[str], schema: pa.Schema, keep: Keep | None = None) -> pa.Table:
        """Every row below some prefixes, as `schema`, in the order of the keys.

        Args:
            keep: which rows of a file are wanted, as a boolean array.

        Raises:
            LakeError: a file is no Parquet, lacks a required column, or has one of another type.
        """

        def one(key: str) -> pa.Table:
            body = self._s3.get_object(Bucket=self._bucket, Key=key)["Body"].read()
            try:
                with pq.ParquetFile(io.BytesIO(body)) as file:
                    present = set(file.schema_arrow.names)
                    lacking = [f.name for f in schema if not f.nullable and f.name not in present]
                    if lacking:
                        raise LakeError(f"s3://{self._bucket}/{key}: has no column {', '.join(lacking)}")
                    table = file.read(columns=[name for name in schema.names if name in present])
                return conform(table if keep is None else table.filter(keep(table)), schema)
            except pa.ArrowException as error:
                raise LakeError(f"s3://{self._bucket}/{key}: {error}; write it again or remove it") from error

        keys = [key for prefix in prefixes for key in self.keys(prefix)]
        with ThreadPoolExecutor(_THREADS, thread_name_prefix="lake") as pool:
            return pa.concat_tables([schema.empty_table(), *pool.map(one, keys)])

    def keys(self, prefix: str) -> Iterator[str]:
        """Keys of the Parquet files that begin with `prefix`, in order."""
        for page in self._s3.get_paginator("list_objects_v2").paginate(Bucket=self._bucket, Prefix=prefix):
            for item in page.get("Contents", []):
                if item["Key"].endswith(".parquet"):
                    yield item["Key"]


def conform(table: pa.Table, schema: pa.Schema) -> pa.Table:
    """The columns of `schema`, null where the table lacks one; times as text are parsed.

    Raises:
        ArrowInvalid: a column cannot be converted; the message names it.
    """
    columns = []
    for field in schema:
        if field.name not in table.column_names:
            columns.append(pa.nulls(table.num_rows, field.type))
            continue
        try:
            columns.append(_as(table[field.name], field.type))
        except (ValueError, pa.ArrowException) as error:
            raise pa.ArrowInvalid(f"column {field.name} is not {field.type}: {error}") from error
    return pa.table(columns, schema=schema)


def _as(column: pa.ChunkedArray, kind: pa.DataType) -> pa.ChunkedArray:
    if pa.types.is_timestamp(kind) and (
        pa.types.is_string(column.type) or pa.types.is_large_string(column.type)
    ):
        # The Feature Store keeps event times as the ISO-8601 text they were put with, in any offset.
        moments = pd.to_datetime(column.to_pandas(), format="ISO8601", utc=True).dt.as_unit("ms")
        utc = pa.array(moments.dt.tz_convert(None).to_numpy(), pa.timestamp("ms", tz="UTC"), from_pandas=True)
        return pa.chunked_array([utc]).cast(kind)
    if pa.types.is_timestamp(kind) and pa.types.is_timestamp(column.type):
        return column.cast(kind, safe=False)  # finer units lose what the events never had
    return column.cast(kind)
