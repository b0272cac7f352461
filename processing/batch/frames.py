"""Tables of the lake as the kernel's records."""

from __future__ import annotations

from collections.abc import Iterator

import pandas as pd

from processing.events import Transaction

_REQUIRED = ("transaction_id", "user_id", "merchant_id", "amount_minor", "currency", "timestamp")
_OPTIONAL = ("lat", "lon", "country", "device", "channel", "status")


def in_event_order(transactions: pd.DataFrame) -> pd.DataFrame:
    """One row per transaction, the first to arrive, ordered by event time.

    Raises:
        ValueError: a required column is absent or incomplete.
    """
    _require(transactions, "transactions", _REQUIRED)
    arrived = transactions
    if "arrival_time" in transactions:
        arrived = transactions.sort_values("arrival_time", kind="stable")
    unique = arrived.drop_duplicates("transaction_id")
    return unique.sort_values("timestamp", kind="stable").reset_index(drop=True)


def as_transactions(ordered: pd.DataFrame) -> Iterator[Transaction]:
    """The rows as `Transaction`, in their order."""
    columns = [
        ordered["transaction_id"].tolist(),
        ordered["user_id"].tolist(),
        ordered["merchant_id"].tolist(),
        ordered["amount_minor"].astype("int64").tolist(),
        ordered["currency"].tolist(),
        milliseconds(ordered["timestamp"]),
        *(optional(ordered, name) for name in _OPTIONAL),
    ]
    return map(Transaction, *columns)


def fraud_reports(ordered: pd.DataFrame, labels: pd.DataFrame) -> Iterator[tuple[str, int]]:
    """``(merchant_id, known_ms)`` of each transaction reported as fraud, from its first report on."""
    _require(labels, "labels", ("transaction_id", "is_fraud", "investigation_complete_time"))
    frauds = labels[labels["is_fraud"].astype(bool)]
    known = frauds.groupby("transaction_id")["investigation_complete_time"].min()
    merchants = ordered.set_index("transaction_id")["merchant_id"].reindex(known.index)
    matched = merchants.notna().to_numpy()
    return zip(merchants[matched].tolist(), milliseconds(known[matched]), strict=True)


def milliseconds(moments: pd.Series) -> list[int]:
    """Aware datetimes as milliseconds since 1970."""
    utc = pd.to_datetime(moments, utc=True)
    values: list[int] = utc.dt.as_unit("ms").astype("int64").tolist()
    return values


def optional(frame: pd.DataFrame, name: str) -> list[object]:
    """A column's values with None where there is none, also when the column is absent."""
    if name not in frame:
        return [None] * len(frame)
    column = frame[name]
    values: list[object] = column.astype(object).where(column.notna(), None).tolist()
    return values


def _require(frame: pd.DataFrame, table: str, names: tuple[str, ...]) -> None:
    for name in names:
        if name not in frame:
            raise ValueError(f"{table}: column {name} is absent; columns are {', '.join(map(str, frame))}")
        missing = int(frame[name].isna().sum())
        if missing:
            raise ValueError(f"{table}: column {name} has no value in {missing} of {len(frame)} rows")
