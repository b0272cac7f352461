"""Reads from the lake what concerns some users and merchants."""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from processing.lake.keys import LABEL_PREFIX, RAW_PREFIX
from processing.lake.schema import LABELS, RAW_TRANSACTIONS
from processing.parity.served.inputs import PROFILE_VERSIONS

_THREADS = 8
_MOMENT = pa.timestamp("ms", tz="UTC")

Keep = Callable[[pa.Table], Any]


class Lake:
    """The Parquet files of one lake.

    Args:
        s3: a client that threads may share.
        bucket: the lake.
    """

    def __init__(self, s3: Any, bucket: str) -> None:
        self._s3, self._bucket = s3, bucket

    def transactions(self, users: set[str], merchants: set[str]) -> pa.Table:
        """Every transaction of these users and at these merchants, as `RAW_TRANSACTIONS`."""
        of_user, of_merchant = pa.array(sorted(users), pa.string()), pa.array(sorted(merchants), pa.string())

        def keep(table: pa.Table) -> Any:
            return pc.or_(
                pc.is_in(table["user_id"], value_set=of_user),
                pc.is_in(table["merchant_id"], value_set=of_merchant),
            )

        return self._read(RAW_PREFIX, RAW_TRANSACTIONS, keep)

    def labels(self, transactions: pa.Table) -> pa.Table:
        """Every label of these transactions, as `LABELS`."""
        ids = pc.unique(transactions["transaction_id"])
        return self._read(
            LABEL_PREFIX, LABELS, lambda table: pc.is_in(table["transaction_id"], value_set=ids)
        )

    def profiles(self, prefix: str, users: set[str]) -> pa.Table:
        """Every version of these users' profiles in the offline store, as `PROFILE_VERSIONS`."""
        of_user = pa.array(sorted(users), pa.string())
        return self._read(
            prefix, PROFILE_VERSIONS, lambda table: pc.is_in(table["user_id"], value_set=of_user)
        )

    def _read(self, prefix: str, schema: pa.Schema, keep: Keep) -> pa.Table:
        def one(key: str) -> pa.Table:
            body = self._s3.get_object(Bucket=self._bucket, Key=key)["Body"].read()
            with pq.ParquetFile(io.BytesIO(body)) as file:
                present = [name for name in schema.names if name in file.schema_arrow.names]
                table = file.read(columns=present)
            return conform(table.filter(keep(table)), schema)

        with ThreadPoolExecutor(_THREADS, thread_name_prefix="lake") as pool:
            return pa.concat_tables([schema.empty_table(), *pool.map(one, self._keys(prefix))])

    def _keys(self, prefix: str) -> Iterator[str]:
        for page in self._s3.get_paginator("list_objects_v2").paginate(Bucket=self._bucket, Prefix=prefix):
            for item in page.get("Contents", []):
                if item["Key"].endswith(".parquet"):
                    yield item["Key"]


def conform(table: pa.Table, schema: pa.Schema) -> pa.Table:
    """The columns of `schema`, null where the table lacks one; times as text are parsed.

    Raises:
        ArrowInvalid: a column cannot be converted.
    """
    columns = [
        _as(table[field.name], field.type)
        if field.name in table.column_names
        else pa.nulls(table.num_rows, field.type)
        for field in schema
    ]
    return pa.table(columns, schema=schema)


def _as(column: pa.ChunkedArray, kind: pa.DataType) -> pa.ChunkedArray:
    if pa.types.is_timestamp(kind) and (
        pa.types.is_string(column.type) or pa.types.is_large_string(column.type)
    ):
        # The Feature Store keeps event times as the text they were put with; all are UTC.
        bare = pc.replace_substring_regex(column, r"Z$", "")
        return pc.assume_timezone(bare.cast(pa.timestamp("us")), "UTC").cast(kind, safe=False)
    return column.cast(kind, safe=not pa.types.is_timestamp(kind))
