"""The same window features by polars, DuckDB and pandas, written as their users would.

Users: count, sum, average, largest amount and distinct merchants; merchants: count and distinct customers;
each over four windows ``[t - w, t)``. pandas has no rolling distinct but `apply`, so it is also measured
without.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import duckdb
import numpy as np
import pandas as pd
import polars as pl
import pyarrow.parquet as pq
from numpy.typing import NDArray

from feature_groups import WINDOWS
from processing.engines.job import FeatureJob
from processing.sources.column_map import ColumnMap

Features = dict[str, NDArray[np.float64]]


class Source(NamedTuple):
    """A Parquet file in event order, and its names for user, merchant, time and amount."""

    path: str
    rows: int
    user: str
    merchant: str
    time: str
    amount: str


def source(job: FeatureJob) -> Source:
    """The file of a job."""
    if job.columns is None:
        path, names = job.source / "transactions.parquet", ("user_id", "merchant_id", "timestamp", "amount")
    else:
        columns = ColumnMap.load(job.columns).columns
        path = job.source
        names = (columns["user_id"], columns["merchant_id"], columns["timestamp"], columns["amount"])
    return Source(str(path), pq.ParquetFile(path).metadata.num_rows, *names)


def first_rows(whole: Source, rows: int) -> Source:
    """The same file, of which the first `rows` are to be read."""
    return whole._replace(rows=rows)


def by_polars(data: Source) -> Features:
    """``rolling_*_by(...).over(...)``, and ``rolling(...).agg(n_unique)`` for distinct values."""
    names = [data.user, data.merchant, data.time, data.amount]
    frame = pl.read_parquet(data.path, columns=names, n_rows=data.rows).with_row_index("row")
    amount, one = pl.col(data.amount), pl.col(data.amount).is_not_null().cast(pl.Int64)
    expressions = []
    for window in WINDOWS:
        for name, key, value, how in (
            ("user_transaction_count", data.user, one, "sum"),
            ("user_amount_sum", data.user, amount, "sum"),
            ("user_amount_avg", data.user, amount, "mean"),
            ("user_amount_max", data.user, amount, "max"),
            ("merchant_transaction_count", data.merchant, one, "sum"),
        ):
            rolling = getattr(value, f"rolling_{how}_by")(data.time, window_size=window.name, closed="left")
            expressions.append(rolling.over(key).alias(f"{name}_{window.name}"))
    result = frame.select(expressions)
    found = {name: result[name].cast(pl.Float64).to_numpy() for name in result.columns}
    for name, values in found.items():
        if "_count_" in name or "_sum_" in name:
            found[name] = np.nan_to_num(values)
    for window in WINDOWS:
        for name, key, other in (
            ("user_distinct_merchants", data.user, data.merchant),
            ("merchant_unique_customers", data.merchant, data.user),
        ):
            unique = frame.rolling(
                index_column=data.time, period=window.name, closed="left", group_by=key
            ).agg(pl.n_unique(other).alias("unique"))
            # Groups come one after another, each in its own order.
            order = frame.select(pl.col("row"), pl.col(key)).sort(key, maintain_order=True)["row"]
            values = np.empty(data.rows)
            values[order.to_numpy()] = unique.sort(key, maintain_order=True)["unique"].to_numpy()
            found[f"{name}_{window.name}"] = values
    return found


def by_duckdb(data: Source) -> Features:
    """Window functions with ``RANGE`` frames over milliseconds."""
    columns, frames = [], []
    for window in WINDOWS:
        w = window.name
        for key, column in (("u", data.user), ("m", data.merchant)):
            frames.append(
                f'{key}{w} AS (PARTITION BY "{column}" ORDER BY t '
                f"RANGE BETWEEN {window.milliseconds} PRECEDING AND 1 PRECEDING)"
            )
        columns += [
            f"count(*) OVER u{w} AS user_transaction_count_{w}",
            f'coalesce(sum("{data.amount}") OVER u{w}, 0) AS user_amount_sum_{w}',
            f'avg("{data.amount}") OVER u{w} AS user_amount_avg_{w}',
            f'max("{data.amount}") OVER u{w} AS user_amount_max_{w}',
            f'count(DISTINCT "{data.merchant}") OVER u{w} AS user_distinct_merchants_{w}',
            f"count(*) OVER m{w} AS merchant_transaction_count_{w}",
            f'count(DISTINCT "{data.user}") OVER m{w} AS merchant_unique_customers_{w}',
        ]
    query = f"""
        WITH rows AS (
            SELECT file_row_number AS row, epoch_ms("{data.time}"::TIMESTAMPTZ) AS t, *
            FROM read_parquet('{data.path}', file_row_number = true) WHERE file_row_number < {data.rows}
        )
        SELECT row, {", ".join(columns)} FROM rows WINDOW {", ".join(frames)} ORDER BY row
    """
    with duckdb.connect() as connection:
        connection.execute("SET TimeZone = 'UTC'")
        result = connection.execute(query).fetchnumpy()
    del result["row"]
    return {name: np.ma.array(values, np.float64).filled(np.nan) for name, values in result.items()}


def by_pandas(data: Source) -> Features:
    """``groupby(...).rolling(...)``, distinct values left out."""
    return _pandas(data, distinct=False)


def by_pandas_apply(data: Source) -> Features:
    """``groupby(...).rolling(...)``, distinct values by ``apply``."""
    return _pandas(data, distinct=True)


def _pandas(data: Source, *, distinct: bool) -> Features:
    frame = pd.read_parquet(data.path, columns=[data.user, data.merchant, data.time, data.amount])
    frame = frame.head(data.rows).rename(columns={data.time: "time", data.amount: "amount"})
    found: Features = {}
    for key, other, names in (
        (data.user, data.merchant, ("count", "sum", "mean", "max")),
        (data.merchant, data.user, ("count",)),
    ):
        order = np.argsort(frame[key].to_numpy(), kind="stable")
        indexed = frame[[key, "time", "amount"]].set_index("time")
        indexed["other"] = pd.factorize(frame[other])[0].astype(float)
        entity = "user" if key == data.user else "merchant"
        for window in WINDOWS:
            rolling = indexed.groupby(key, sort=True).rolling(window.name, closed="left")
            for how in names:
                values = np.empty(len(frame))
                values[order] = getattr(rolling["amount"], how)().to_numpy()
                if how in ("count", "sum"):
                    values = np.nan_to_num(values)
                found[f"{entity}_{_PANDAS[how]}_{window.name}"] = values
            if distinct:
                values = np.empty(len(frame))
                values[order] = rolling["other"].apply(lambda seen: len(np.unique(seen)), raw=True).to_numpy()
                name = "distinct_merchants" if entity == "user" else "unique_customers"
                found[f"{entity}_{name}_{window.name}"] = np.nan_to_num(values)
    return found


_PANDAS = {"count": "transaction_count", "sum": "amount_sum", "mean": "amount_avg", "max": "amount_max"}

# What is measured, and on how many rows at most.
BASELINES: tuple[tuple[str, Callable[[Source], Features], int], ...] = (
    ("polars rolling", by_polars, 600_000),
    ("DuckDB RANGE windows", by_duckdb, 800_000),
    ("pandas groupby.rolling", by_pandas_apply, 20_000),
    ("pandas groupby.rolling without distinct", by_pandas, 200_000),
)
