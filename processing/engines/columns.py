"""Transactions as columns of numbers: what every engine computes from. Needs numpy and pyarrow only."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray

from processing.windows import identity

# One row per transaction; codes index the tables of identities. `write` and `read` keep this shape.
LOG = pa.schema(
    [
        ("transaction_id", pa.string()),
        ("user", pa.int64()),
        ("merchant", pa.int64()),
        ("time", pa.int64()),
        ("amount", pa.int64()),
        ("device", pa.int64()),
        ("country", pa.int32()),
        ("status", pa.int8()),
        ("distance", pa.float64()),
        ("foreign", pa.float64()),
    ]
)
FRAUDS = pa.schema([("merchant", pa.int64()), ("known", pa.int64())])


@dataclass(frozen=True, slots=True)
class EventColumns:
    """Transactions in the order in which they are replayed; arrays have one element per transaction.

    Attributes:
        transaction_ids: any Arrow type; `ids` gives strings.
        user, merchant: dense codes, indexes into `user_identity` and `merchant_identity`.
        user_identity, merchant_identity: `processing.windows.identity` per code, all different.
        times: event times, milliseconds since 1970 (UTC).
        amounts: hundredths of the major unit.
        device: identity of the device, 0 unknown.
        country: `processing.windows.country_code`, 0 unknown.
        status: 0 unknown, 1 approved, 2 declined.
        distance: kilometres from the user's home as of the transaction, NaN unknown.
        foreign: 1.0 in another country than the user's home, else 0.0, NaN unknown.
    """

    transaction_ids: pa.ChunkedArray
    user: NDArray[np.int32]
    merchant: NDArray[np.int32]
    user_identity: NDArray[np.int64]
    merchant_identity: NDArray[np.int64]
    times: NDArray[np.int64]
    amounts: NDArray[np.int64]
    device: NDArray[np.int64]
    country: NDArray[np.int32]
    status: NDArray[np.int8]
    distance: NDArray[np.float64]
    foreign: NDArray[np.float64]

    def __len__(self) -> int:
        return self.times.size

    @property
    def ids(self) -> pa.ChunkedArray:
        """The transaction ids as strings."""
        return self.transaction_ids.cast(pa.string())

    def slice(self, start: int, stop: int) -> EventColumns:
        """Rows ``[start, stop)``, without a copy; the tables of identities stay whole."""
        rows = {name: getattr(self, name)[start:stop] for name in _PER_ROW}
        return replace(self, transaction_ids=self.transaction_ids.slice(start, stop - start), **rows)

    def take(self, index: NDArray[Any]) -> EventColumns:
        """The rows at `index`, in that order; the tables of identities stay whole."""
        rows = {name: getattr(self, name)[index] for name in _PER_ROW}
        return replace(self, transaction_ids=self.transaction_ids.take(pa.array(index)), **rows)

    def batches(self, size: int) -> Iterator[EventColumns]:
        """The rows in slices of at most `size`."""
        for start in range(0, len(self), size):
            yield self.slice(start, min(start + size, len(self)))

    def to_table(self) -> pa.Table:
        """A table of `LOG`: identities in place of codes."""
        columns = {
            "user": self.user_identity[self.user],
            "merchant": self.merchant_identity[self.merchant],
            "time": self.times,
            "amount": self.amounts,
            **{name: getattr(self, name) for name in ("device", "country", "status", "distance", "foreign")},
        }
        return pa.table({"transaction_id": self.ids, **columns}, schema=LOG)

    @classmethod
    def from_table(cls, table: pa.Table) -> EventColumns:
        """The columns that `to_table` wrote, in the order of its rows."""
        numbers = {name: table[name].to_numpy() for name in LOG.names[1:]}
        user_identity, user = np.unique(numbers["user"], return_inverse=True)
        merchant_identity, merchant = np.unique(numbers["merchant"], return_inverse=True)
        return cls(
            table["transaction_id"],
            user.astype(np.int32),
            merchant.astype(np.int32),
            user_identity,
            merchant_identity,
            numbers["time"],
            numbers["amount"],
            *(numbers[name] for name in ("device", "country", "status", "distance", "foreign")),
        )

    def write(self, path: Path) -> None:
        """Write the rows as Parquet, for an engine in another process; `read` reads it."""
        pq.write_table(self.to_table(), path, compression="zstd")

    @classmethod
    def read(cls, path: Path) -> EventColumns:
        """The columns that `write` wrote."""
        return cls.from_table(pq.read_table(path))


@dataclass(frozen=True, slots=True)
class FraudReports:
    """When frauds of merchants became known, one element per reported transaction.

    Attributes:
        merchant: identity of the merchant.
        known: milliseconds since 1970 (UTC).
    """

    merchant: NDArray[np.int64]
    known: NDArray[np.int64]

    def __len__(self) -> int:
        return self.known.size

    @classmethod
    def of(cls, reports: Iterable[tuple[str, int]]) -> FraudReports:
        """The reports of merchants by their ids: ``(merchant_id, known_ms)``."""
        pairs = [(identity(merchant), known) for merchant, known in reports]
        merchants, known = np.array(pairs, np.int64).reshape(-1, 2).T
        return cls(merchants, known)

    def write(self, path: Path) -> None:
        """Write the reports as Parquet; `read` reads it."""
        table = pa.table({"merchant": self.merchant, "known": self.known}, schema=FRAUDS)
        pq.write_table(table, path, compression="zstd")

    @classmethod
    def read(cls, path: Path) -> FraudReports:
        """The reports that `write` wrote."""
        table = pq.read_table(path)
        return cls(table["merchant"].to_numpy(), table["known"].to_numpy())


_TABLES = ("transaction_ids", "user_identity", "merchant_identity")
_PER_ROW = tuple(field.name for field in fields(EventColumns) if field.name not in _TABLES)
