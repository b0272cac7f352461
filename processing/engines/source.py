"""The source of a job as columns: a folder of ours, or any file through its column map."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from numpy.typing import NDArray

from processing.engines import encode
from processing.engines.columns import EventColumns, FraudReports
from processing.engines.homes import Homes
from processing.engines.job import EngineError, FeatureJob
from processing.sources.column_map import HOME, ColumnMap, ColumnMapError
from processing.sources.dataset import TRANSACTIONS, USERS, Dataset
from processing.sources.files import convert, read_source

_DAY_MS = 86_400_000
_REQUIRED = ("transaction_id", "user_id", "merchant_id", "amount", "currency", "timestamp")


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of transactions, an element each.

    Attributes:
        fraud: whether it was one, known or not.
        known_ms: when that became known, milliseconds since 1970; negative for what never did.
        delay_days: between every transaction and its label; None where they differ.
    """

    fraud: NDArray[np.bool_]
    known_ms: NDArray[np.int64]
    delay_days: float | None

    def reports(self, events: EventColumns) -> FraudReports:
        """The frauds that become known."""
        found = np.flatnonzero(self.fraud & (self.known_ms >= 0))
        return FraudReports(events.merchant_identity[events.merchant[found]], self.known_ms[found])


def labelled(source: Path, columns: Path | None) -> tuple[EventColumns, Outcome]:
    """The transactions of a source in event order, and which of them are frauds.

    Raises:
        EngineError: see `load`; or the source has no labels.
    """
    job = FeatureJob(source, columns, Path())
    with _explained():
        if source.is_dir():
            return _labelled_folder(job)
        column_map = _map_of(job)
        if column_map.labels is None:
            raise EngineError(
                f"{columns} has no section [labels]: say which column holds the truth and when it is known"
            )
        table = mapped(read_source(source, column_map), column_map, with_labels=True)
        events, order = in_event_order(table, None, None)
        fraud = table["is_fraud"].fill_null(False).to_numpy()[order]
        return events, Outcome(fraud, table["known"].to_numpy()[order], column_map.labels.delay_days)


def load(job: FeatureJob) -> tuple[EventColumns, FraudReports]:
    """The transactions of a job in event order, and the frauds among them that become known.

    Raises:
        EngineError: the source, its column map or its labels cannot be read, or do not fit; the message
            names the column and the fix.
    """
    with _explained():
        return _folder(job) if job.source.is_dir() else _file(job, _map_of(job))


@contextmanager
def _explained() -> Iterator[None]:
    try:
        yield
    except (ColumnMapError, FileNotFoundError, ValueError, pa.ArrowInvalid) as error:
        raise EngineError(str(error)) from error


def _map_of(job: FeatureJob) -> ColumnMap:
    if job.columns is None:
        raise EngineError(f"{job.source} is a file: name its column map with --columns")
    return ColumnMap.load(job.columns)


def _folder(job: FeatureJob) -> tuple[EventColumns, FraudReports]:
    dataset = Dataset.read(job.source)
    events, _ = in_event_order(dataset.transactions, _homes(dataset), job.limit)
    labels = dataset.labels if job.labels is None else _label_file(job.labels)
    return events, reports(events, labels)


def _labelled_folder(job: FeatureJob) -> tuple[EventColumns, Outcome]:
    dataset = Dataset.read(job.source)
    events, order = in_event_order(dataset.transactions, _homes(dataset), None)
    known = np.full(len(events), -1, np.int64)
    row, times = _first_reports(events, dataset.labels)
    known[row] = times
    fraud = known >= 0
    if dataset.truth is not None:
        fraud |= dataset.truth["is_fraud"].to_numpy()[order]
    return events, Outcome(fraud, known, None)


def _homes(dataset: Dataset) -> Homes | None:
    return None if dataset.users is None else Homes.of_profiles(dataset.users)


def _file(job: FeatureJob, columns: ColumnMap) -> tuple[EventColumns, FraudReports]:
    table = mapped(read_source(job.source, columns), columns, with_labels=job.labels is None)
    events, order = in_event_order(table, None, job.limit)
    if job.labels is not None:
        return events, reports(events, _label_file(job.labels))
    if "is_fraud" not in table.column_names:
        return events, FraudReports.of(())
    known = table["known"].to_numpy()[order]
    found = np.flatnonzero(table["is_fraud"].fill_null(False).to_numpy()[order])
    return events, FraudReports(events.merchant_identity[events.merchant[found]], known[found])


def mapped(source: pa.Table, columns: ColumnMap, *, with_labels: bool) -> pa.Table:
    """A file's rows with our names; with ``is_fraud`` and ``known`` if the map says where they are.

    Raises:
        ColumnMapError: a column cannot be read as what it is mapped to.
    """
    arrays = {}
    for field in TRANSACTIONS:
        theirs = columns.columns.get(field.name)
        if theirs is None:
            value = pa.scalar(columns.defaults.get(field.name), field.type)
            arrays[field.name] = pa.chunked_array([pa.repeat(value, source.num_rows)])
        elif field.name.endswith("_id") and pa.types.is_integer(source[theirs].type):
            arrays[field.name] = source[theirs]  # a number becomes a text once, not in every row
        else:
            arrays[field.name] = convert(source, theirs, field)
    for field in USERS:
        if field.name in HOME and field.name in columns.columns:
            arrays[field.name] = convert(source, columns.columns[field.name], field)
    label = columns.labels
    if with_labels and label is not None:
        fraud = convert(source, label.is_fraud, pa.field("is_fraud", pa.bool_()))
        if label.known_at:
            moments = convert(source, label.known_at, pa.field("known", arrays["timestamp"].type))
            arrays["is_fraud"] = pc.and_(fraud, pc.is_valid(moments))
            known = moments.cast(pa.int64()).fill_null(0)
        else:
            arrays["is_fraud"] = fraud
            delay = int((label.delay_days or 0) * _DAY_MS)
            known = pc.add(arrays["timestamp"].cast(pa.int64()), delay)
        arrays["known"] = known
    return pa.table(arrays)


def in_event_order(
    table: pa.Table, homes: Homes | None, limit: int | None
) -> tuple[EventColumns, NDArray[np.int64]]:
    """The rows in event order, without repeated ones, and where in `table` each comes from."""
    for name in _REQUIRED:
        if missing := table[name].null_count:
            raise EngineError(
                f"column {name} has no value in {missing} of {table.num_rows} rows: remove them"
            )
    times = encode.milliseconds(table["timestamp"])
    order = encode.first_arrivals(table["transaction_id"])
    if order is None:
        order = np.arange(table.num_rows)
    if (np.diff(times[order]) < 0).any():
        order = order[np.argsort(times[order], kind="stable")]
    order = order[:limit]
    if order.size != table.num_rows or (np.diff(order) != 1).any():
        table, times = table.take(pa.array(order)), times[order]
    user, users = encode.codes(table["user_id"])
    merchant, merchants = encode.codes(table["merchant_id"])
    minor = encode.minor_units(table["amount"].to_numpy(), table["currency"])
    place = (table["lat"], table["lon"], table["country"])
    if any(name in table.column_names for name in HOME):
        distance, foreign = encode.against_own_home(table, place)
    else:
        distance, foreign = encode.against_home(homes, users, user, times, place)
    events = EventColumns(
        table["transaction_id"],
        user,
        merchant,
        encode.identities(users),
        encode.identities(merchants),
        times,
        encode.hundredths(minor, table["currency"]),
        encode.devices(table["device"]),
        encode.countries(table["country"]),
        encode.statuses(table["status"]),
        distance,
        foreign,
    )
    return events, order


def reports(events: EventColumns, labels: pa.Table) -> FraudReports:
    """The earliest report of each transaction that labels of the lake's shape call a fraud."""
    row, known = _first_reports(events, labels)
    return FraudReports(events.merchant_identity[events.merchant[row]], known)


def _first_reports(events: EventColumns, labels: pa.Table) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Rows of reported frauds, and when each was first known."""
    frauds = labels.filter(labels["is_fraud"])
    times = pa.array(encode.milliseconds(frauds["investigation_complete_time"]))
    known = (
        pa.table({"id": frauds["transaction_id"], "known": times})
        .group_by("id")
        .aggregate([("known", "min")])
    )
    row = pc.index_in(known["id"].cast(pa.string()), events.ids.combine_chunks())
    matched = pc.is_valid(row)
    return row.filter(matched).to_numpy(), known["known_min"].filter(matched).to_numpy()


def _label_file(path: Path) -> pa.Table:
    table = pq.read_table(path)
    wanted = ["transaction_id", "is_fraud", "investigation_complete_time"]
    for name in wanted:
        if name not in table.column_names:
            raise EngineError(f"{path} has no column {name}: labels need {', '.join(wanted)}")
    return table.select(wanted)
