"""Everything that features can depend on, with the moment each piece arrived."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from typing import NamedTuple

import pyarrow as pa

from processing.events import Profile, Transaction
from processing.lake import LABELS, RAW_TRANSACTIONS

_MOMENT = pa.timestamp("ms", tz="UTC")

# Labels of the lake; null where a label arrived before the window that was looked at.
ARRIVED_LABELS = LABELS.append(pa.field("arrival_time", _MOMENT))

# Offline records of the user-profile group; the last column is when the version was put.
PROFILE_VERSIONS = pa.schema(
    [
        pa.field("user_id", pa.string(), nullable=False),
        pa.field("event_time", _MOMENT, nullable=False),
        pa.field("home_lat", pa.float64()),
        pa.field("home_lon", pa.float64()),
        pa.field("home_country", pa.string()),
        pa.field("is_deleted", pa.bool_()),
        pa.field("api_invocation_time", _MOMENT),
    ]
)


@dataclass(frozen=True, slots=True)
class Inputs:
    """The inputs of some users and merchants; of each of them all there are.

    Attributes:
        transactions: of `RAW_TRANSACTIONS`, in the order of arrival; an id that was accepted twice has
            two rows.
        labels: of `ARRIVED_LABELS`.
        profiles: of `PROFILE_VERSIONS`.
        late: ``(transaction_id, arrival)`` of the transactions on the late stream: in the lake, and
            never applied to the features of the stream.
    """

    transactions: pa.Table = field(default_factory=RAW_TRANSACTIONS.empty_table)
    labels: pa.Table = field(default_factory=ARRIVED_LABELS.empty_table)
    profiles: pa.Table = field(default_factory=PROFILE_VERSIONS.empty_table)
    late: frozenset[tuple[str, int]] = frozenset()


class Arrival(NamedTuple):
    """A transaction as it was accepted.

    Attributes:
        is_late: it went to the late stream and changed no features.
        is_first: the first of its id; the batch counts only this one.
    """

    transaction: Transaction
    arrived_ms: int
    is_late: bool
    is_first: bool

    @property
    def time_ms(self) -> int:
        return self.transaction.timestamp_ms


class Report(NamedTuple):
    """A fraud report; `arrived_ms` is when it could be applied: it, and the transaction, had arrived."""

    transaction_id: str
    known_ms: int
    arrived_ms: int


class Version(NamedTuple):
    """A version of a profile; `written_ms` is None where that is not known, `profile` if it was deleted."""

    event_ms: int
    written_ms: int | None
    profile: Profile | None


class Histories:
    """`Inputs` by entity, each in the order of arrival."""

    def __init__(self, inputs: Inputs) -> None:
        self.by_id: dict[str, Arrival] = {}
        self.users: defaultdict[str, list[Arrival]] = defaultdict(list)
        self.merchants: defaultdict[str, list[Arrival]] = defaultdict(list)
        self.reports: defaultdict[str, list[Report]] = defaultdict(list)
        self.profiles: defaultdict[str, list[Version]] = defaultdict(list)
        self._transactions(inputs)
        self._labels(inputs)
        self._versions(inputs)

    def _transactions(self, inputs: Inputs) -> None:
        table = inputs.transactions.sort_by([("arrival_time", "ascending")])
        columns = [_list(table, name) for name in RAW_TRANSACTIONS.names]
        for *values, arrived in zip(*columns, strict=True):
            transaction = Transaction(*values)
            one = transaction.transaction_id
            arrival = Arrival(transaction, arrived, (one, arrived) in inputs.late, one not in self.by_id)
            self.by_id.setdefault(one, arrival)
            self.users[transaction.user_id].append(arrival)
            self.merchants[transaction.merchant_id].append(arrival)

    def _labels(self, inputs: Inputs) -> None:
        columns = (
            _list(inputs.labels, name)
            for name in ("transaction_id", "is_fraud", "investigation_complete_time", "arrival_time")
        )
        for one, is_fraud, known, arrived in zip(*columns, strict=True):
            if is_fraud and (about := self.by_id.get(one)) is not None:
                applied = max(about.arrived_ms, arrived or 0)
                self.reports[about.transaction.merchant_id].append(Report(one, known, applied))
        for reports in self.reports.values():
            reports.sort(key=lambda report: report.arrived_ms)

    def _versions(self, inputs: Inputs) -> None:
        table = inputs.profiles.sort_by([("event_time", "ascending")])
        for user, event, lat, lon, country, deleted, written in zip(
            *(_list(table, name) for name in PROFILE_VERSIONS.names), strict=True
        ):
            profile = None if deleted else Profile(lat, lon, country)
            self.profiles[user].append(Version(event, written, profile))


def _list(table: pa.Table, name: str) -> list[object]:
    """A column's values; moments as milliseconds."""
    column = table[name]
    if pa.types.is_timestamp(column.type):
        column = column.cast(_MOMENT).cast(pa.int64())
    values: list[object] = column.to_pylist()
    return values
