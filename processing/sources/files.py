"""Any Parquet or CSV file as a data set, through a column map."""

from __future__ import annotations

import difflib
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv
import pyarrow.parquet as pq

from processing.events.currencies import DECIMALS
from processing.sources.column_map import HOME, ColumnMap, ColumnMapError, LabelColumns
from processing.sources.dataset import LABELS, TRANSACTIONS, TRUTH, USERS, Dataset

_MS = pa.timestamp("ms", "UTC")
_DAY_MS = 86_400_000
_MOST_SECONDS = 100_000_000_000


def read_file(path: Path, columns: ColumnMap) -> Dataset:
    """Read `path` (``.parquet``, ``.csv`` or ``.csv.gz``) in the order of its timestamps.

    Times without a zone are taken as UTC; amounts are rounded to the decimals of their currency.
    Columns that the map does not name become missing values. What is missing or wrong in a row is
    for the platform to refuse, except its time: without one it has no place in the order.

    Raises:
        ColumnMapError: the file has no such column, or a column cannot be read as what it is mapped
            to; the message names the column and the fix.
        FileNotFoundError: there is no such file.
    """
    if not path.exists():
        raise FileNotFoundError(f"{path} does not exist: give an existing Parquet or CSV file")
    source = read_source(path, columns)
    rows = source.num_rows
    if rows == 0:
        raise ColumnMapError(f"{path} has no rows")
    arrays = []
    for field in TRANSACTIONS:
        theirs = columns.columns.get(field.name)
        if theirs is not None:
            arrays.append(convert(source, theirs, field))
        else:
            arrays.append(_constant(columns.defaults.get(field.name), field, rows))
    transactions = _rounded(pa.table(arrays, schema=TRANSACTIONS))
    if without := transactions["timestamp"].null_count:
        name = columns.columns["timestamp"]
        raise ColumnMapError(
            f"column {name!r} has no time in {without} of {rows} rows: remove them, or map another column"
        )
    order = pc.sort_indices(transactions, [("timestamp", "ascending")])
    labels, truth = _labels(source, transactions, columns.labels)
    return Dataset(
        transactions=transactions.take(order),
        labels=labels,
        users=_users(source.take(order), transactions["user_id"].take(order), columns),
        truth=None if truth is None else truth.take(order),
    )


def read_source(path: Path, columns: ColumnMap) -> pa.Table:
    """The mapped columns of a file as it has them. Raises `ColumnMapError` as `read_file` does."""
    wanted = list(dict.fromkeys(columns.columns.values()))
    if columns.labels:
        label = columns.labels
        wanted += [name for name in (label.is_fraud, label.fraud_type, label.known_at) if name]
    if path.suffix == ".parquet":
        present = pq.read_schema(path).names
        _require(path, wanted, present)
        return pq.read_table(path, columns=list(dict.fromkeys(wanted)))
    if path.name.endswith((".csv", ".csv.gz")):
        table = pyarrow.csv.read_csv(path)
        _require(path, wanted, table.column_names)
        return table.select(list(dict.fromkeys(wanted)))
    raise ColumnMapError(f"{path}: unknown kind of file; use .parquet, .csv or .csv.gz")


def _require(path: Path, wanted: list[str], present: list[str]) -> None:
    for name in wanted:
        if name not in present:
            close = difflib.get_close_matches(name, present, 1)
            hint = f"did you mean {close[0]!r}?" if close else f"it has {', '.join(present)}"
            raise ColumnMapError(f"{path} has no column {name!r}, which the column map names: {hint}")


def convert(source: pa.Table, name: str, field: pa.Field) -> pa.ChunkedArray:
    """The file's column `name` as our `field`. Raises `ColumnMapError` as `read_file` does."""
    column = source[name]
    try:
        if pa.types.is_timestamp(field.type):
            return _timestamps(column)
        if pa.types.is_string(field.type) and pa.types.is_floating(column.type):
            # Identifiers that a CSV with gaps turned into 12.0 are 12.
            column = pc.cast(column, pa.int64())
        if pa.types.is_floating(field.type) and pa.types.is_floating(column.type):
            # A NaN is how some files write a missing value; in JSON it could not be written.
            column = pc.if_else(pc.is_nan(column), None, column)
        return pc.cast(column, field.type)
    except pa.ArrowInvalid as error:
        raise ColumnMapError(
            f"column {name!r} ({column.type}) cannot be read as {field.name} ({field.type}): {error}; "
            "map another column or convert this one"
        ) from error


def _timestamps(column: pa.ChunkedArray) -> pa.ChunkedArray:
    if pa.types.is_integer(column.type) or pa.types.is_floating(column.type):
        column = _since_1970(column)
    elif not pa.types.is_timestamp(column.type):
        column = pc.cast(column, pa.timestamp("ms"))  # ISO-8601 texts and dates
    if column.type.tz is None:
        column = pc.assume_timezone(column, "UTC")
    return pc.cast(column, _MS, safe=False)


def _since_1970(column: pa.ChunkedArray) -> pa.ChunkedArray:
    """Numbers as times: seconds, or milliseconds where seconds would be after the year 5000."""
    newest = pc.max(column).as_py()
    scale = 1000 if newest is None or abs(newest) < _MOST_SECONDS else 1
    return pc.cast(pc.cast(pc.multiply(column, scale), pa.int64(), safe=False), pa.timestamp("ms"))


def _rounded(transactions: pa.Table) -> pa.Table:
    """Amounts in whole minor units of their currency: files carry 285.79999999999995 for 285.80."""
    index = TRANSACTIONS.get_field_index("amount")
    currencies = pc.dictionary_encode(transactions["currency"].combine_chunks(), null_encoding="encode")
    decimals = [DECIMALS.get(currency, 2) for currency in currencies.dictionary.to_pylist()]
    scale = np.power(10.0, decimals)[currencies.indices.to_numpy()]
    # Dividing, never multiplying by 0.01: the quotient is the number nearest to the decimal one.
    amounts = np.rint(transactions["amount"].to_numpy() * scale) / scale
    return transactions.set_column(index, TRANSACTIONS.field(index), pa.array(amounts, from_pandas=True))


def _users(source: pa.Table, user_ids: pa.ChunkedArray, columns: ColumnMap) -> pa.Table | None:
    """A profile per user, with the home of the first transaction; None where the map names no home."""
    if not any(name in columns.columns for name in HOME):
        return None
    users = user_ids.combine_chunks()
    unique = pc.unique(users).drop_null()
    first = pc.index_in(unique, users)
    arrays = []
    for field in USERS:
        theirs = columns.columns.get(field.name)
        if field.name == "user_id":
            arrays.append(unique)
        elif theirs is None:
            arrays.append(pa.nulls(len(unique), field.type))
        else:
            arrays.append(convert(source, theirs, field).combine_chunks().take(first))
    return pa.table(arrays, schema=USERS)


def _constant(value: object, field: pa.Field, rows: int) -> pa.Array:
    try:
        return pa.repeat(pa.scalar(value, field.type), rows)
    except (pa.ArrowInvalid, pa.ArrowTypeError) as error:
        raise ColumnMapError(f"[defaults] {field.name} = {value!r}: not a {field.type}: {error}") from error


def _labels(
    source: pa.Table, transactions: pa.Table, columns: LabelColumns | None
) -> tuple[pa.Table, pa.Table | None]:
    if columns is None:
        return LABELS.empty_table(), None
    is_fraud = convert(source, columns.is_fraud, pa.field("is_fraud", pa.bool_()))
    missing = pa.nulls(source.num_rows, pa.string())
    kind = (
        convert(source, columns.fraud_type, pa.field("fraud_type", pa.string()))
        if columns.fraud_type
        else missing
    )
    kind = pc.if_else(is_fraud, kind, pa.scalar(None, pa.string()))
    if columns.known_at:
        known = convert(source, columns.known_at, pa.field("known_at", _MS))
    else:
        delay = int((columns.delay_days or 0) * _DAY_MS)
        known = pc.cast(pc.add(pc.cast(transactions["timestamp"], pa.int64()), delay), _MS)
    ids = transactions["transaction_id"]
    labels = pa.table([ids, is_fraud, kind, pa.repeat(pa.scalar(1.0), source.num_rows), known], schema=LABELS)
    keep = pc.is_valid(labels["investigation_complete_time"])
    if columns.investigated == "frauds":
        keep = pc.and_(keep, labels["is_fraud"])
    labels = labels.filter(keep).sort_by([("investigation_complete_time", "ascending")])
    return labels, pa.table([ids, is_fraud, kind], schema=TRUTH)
