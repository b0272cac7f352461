"""A day's facts, from what the lake has of it."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from pipelines.steps.container import StepError
from processing.engines.encode import hundredths
from processing.lake.audit import AUDIT
from processing.warehouse import LABELS_FACT, MODEL_PREDICTIONS_FACT, TRANSACTIONS_FACT

_REASONS = 3
_CENT = Decimal("0.01")
_DECISION = (
    "decision_id", "transaction_id", "user_id", "merchant_id", "decided_at", "decision", "decided_by",
    "fallback_reason", "fraud_probability", "review_threshold", "decline_threshold", "amount", "currency",
    "model_version", "rules_version", "reasons", "prediction_latency_ms",
)  # fmt: skip
DECISIONS = pa.schema([AUDIT.field(name) for name in _DECISION])
"""What is read of a decision; the batch writes its scores in the audit's columns too."""


def date_key(day: date) -> int:
    """A day as yyyymmdd."""
    return day.year * 10_000 + day.month * 100 + day.day


def transactions_fact(transactions: pd.DataFrame, day: date) -> pa.Table:
    """The transactions of one day, of `RAW_TRANSACTIONS`, one row per id.

    Raises:
        StepError: a currency is unknown.
    """
    currency = pa.chunked_array([pa.array(transactions["currency"], pa.string())])
    try:
        amounts = hundredths(transactions["amount_minor"].to_numpy("int64"), currency)
    except ValueError as error:
        raise StepError(f"transactions: {error}") from None
    columns = {
        **{
            name: pa.array(transactions[name], pa.string(), from_pandas=True)
            for name in (
                "transaction_id", "user_id", "merchant_id", "currency", "country", "channel", "status",
            )
        },
        "date_key": _days(day, len(transactions)),
        "occurred_at": _utc(transactions["timestamp"]),
        "arrived_at": _utc(transactions["arrival_time"]),
        "amount": _money(pa.array(amounts, pa.int64())),
    }  # fmt: skip
    return _table(columns, TRANSACTIONS_FACT.schema)


def predictions_fact(realtime: pa.Table, batch: pa.Table, day: date) -> pa.Table:
    """Decisions of `DECISIONS`: the endpoint's of that day, and the batch's about that day; each once."""
    parts = []
    for mode, decisions in (("realtime", realtime), ("batch", batch)):
        once = _first_of_each(decisions, "decision_id")
        amounts = pc.round(pc.multiply(once["amount"], 100.0)).cast(pa.int64())
        columns = {
            **{name: once[name] for name in once.column_names if name in MODEL_PREDICTIONS_FACT.schema.names},
            "decided_at": _moments(once["decided_at"]),
            "date_key": _days(day, once.num_rows),
            "mode": pa.array([mode] * once.num_rows, pa.string()),
            "amount": _money(amounts),
            "latency_ms": once["prediction_latency_ms"],
            **_reasons(once["reasons"]),
        }
        parts.append(_table(columns, MODEL_PREDICTIONS_FACT.schema))
    return pa.concat_tables(parts)


def labels_fact(labels: pd.DataFrame, day: date) -> pa.Table:
    """The labels that became known on one day, of `LABELS`."""
    once = labels.drop_duplicates(["transaction_id", "investigation_complete_time", "is_fraud"])
    columns = {
        "transaction_id": pa.array(once["transaction_id"], pa.string()),
        "date_key": _days(day, len(once)),
        "known_at": _utc(once["investigation_complete_time"]),
        "is_fraud": pa.array(once["is_fraud"], pa.bool_()),
        "fraud_type": pa.array(once["fraud_type"], pa.string(), from_pandas=True),
        "confidence": pa.array(once["confidence"], pa.float64()),
    }
    return _table(columns, LABELS_FACT.schema)


def _table(columns: dict[str, pa.Array], schema: pa.Schema) -> pa.Table:
    return pa.table([columns[name] for name in schema.names], names=schema.names).cast(schema)


def _days(day: date, rows: int) -> pa.Array:
    return pa.repeat(pa.scalar(date_key(day), pa.int32()), rows)


def _moments(column: pa.ChunkedArray) -> pa.ChunkedArray:
    """UTC without saying so, as the warehouse has it."""
    return column.cast(pa.timestamp("ms", tz="UTC")).cast(pa.timestamp("ms"))


def _utc(moments: pd.Series) -> pa.Array:
    return pa.array(moments.dt.tz_convert(None).to_numpy(), pa.timestamp("ms"), from_pandas=True)


def _money(amounts: pa.Array | pa.ChunkedArray) -> pa.Array | pa.ChunkedArray:
    """Whole hundredths (int64) as a decimal with two places."""
    return pc.multiply(amounts.cast(pa.decimal128(19, 0)), pa.scalar(_CENT)).cast(pa.decimal128(18, 2))


def _reasons(reasons: pa.ChunkedArray) -> dict[str, pa.Array]:
    """The features of the first reasons, null where a decision had fewer."""
    # Flattening leaves a null list out altogether, and every row after it would have another's reasons.
    given = pc.if_else(pc.is_null(reasons), pa.scalar([], reasons.type), reasons).combine_chunks()
    first = pc.list_slice(given, 0, _REASONS, return_fixed_size_list=True)
    names = pc.struct_field(first.flatten(), "feature")
    places = pa.array(range(len(reasons)), pa.int64())
    return {
        f"reason_{place + 1}": names.take(pc.add(pc.multiply(places, _REASONS), place))
        for place in range(_REASONS)
    }


def _first_of_each(table: pa.Table, key: str) -> pa.Table:
    index = pa.array(range(table.num_rows), pa.int64())
    first = table.append_column("row", index).group_by(key).aggregate([("row", "min")])
    return table.take(first["row_min"].combine_chunks().sort())
