"""Of several rows with one transaction id the first in the log counts, and its earliest fraud report."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from processing.engines.spark.rows import EVENT, REPORT, ROW, numbers, rows, unpack

_NEVER = np.iinfo(np.int64).max


def first_arrivals(batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
    """Transactions once each, with what the labels report about them.

    Args:
        batches: `ROW` or `ARRIVED` with `EVENT` records, all rows of an id together, reports before
            transactions and transactions in the order of the log. A report's time is when it became known.
    """
    last: str | None = None  # the id that the previous batch ended with
    taken = False  # its transaction was passed on
    known = _NEVER  # its earliest report
    for batch in batches:
        if not batch.num_rows:
            continue
        batch = batch.select(ROW.names)
        ids = batch.column("transaction_id")
        begins = _begins(ids, last)
        if begins[0]:
            taken, known = False, _NEVER
        group = np.cumsum(begins) - begins[0]  # 0 is the id of the first row
        is_report = numbers(batch, "place") == REPORT
        earliest = np.full(group[-1] + 1, _NEVER)
        earliest[0] = known
        np.minimum.at(earliest, group[is_report], numbers(batch, "time")[is_report])

        transactions = np.flatnonzero(~is_report)
        groups = group[transactions]
        first = np.diff(groups, prepend=0 if taken else -1) > 0
        keep, groups = transactions[first], groups[first]
        taken = bool(transactions.size and group[transactions[-1]] == group[-1]) or (taken and group[-1] == 0)
        last, known = ids[-1].as_py(), int(earliest[-1])
        if keep.size:
            kept = batch if keep.size == batch.num_rows else batch.take(pa.array(keep))
            yield _reported(kept, earliest[groups])


def _begins(ids: pa.Array, last: str | None) -> NDArray[np.bool_]:
    """Whether a row has another id than the one before it."""
    begins = np.empty(len(ids), np.bool_)
    begins[0] = ids[0].as_py() != last
    begins[1:] = pc.not_equal(ids[1:], ids[:-1]).to_numpy(zero_copy_only=False)
    return begins


def _reported(batch: pa.RecordBatch, known: NDArray[np.int64]) -> pa.RecordBatch:
    reported = known != _NEVER
    if not reported.any():
        return batch
    records = unpack(batch.column("record"), EVENT).copy()
    records["fraud"] = reported
    records["known"] = np.where(reported, known, 0)
    key, time, place = (numbers(batch, name) for name in ("key", "time", "place"))
    return rows(key, time, place, batch.column("transaction_id"), records)
