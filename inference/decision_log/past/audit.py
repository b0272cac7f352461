"""Decisions in the audit's Parquet files."""

from __future__ import annotations

import io
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, date, datetime, timedelta
from itertools import groupby

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from inference.decision_log.past.decision import PastDecision, SourceError
from inference.decision_log.past.objects import Objects
from inference.decision_log.past.rows import of_row
from processing.lake.audit import AUDIT, day_folder

_THREADS = 8
_IDS = ["decision_id", "transaction_id"]
_HEX_MS = 11  # digits of the time in a decision's id


class Audit:
    """The audit of decisions below a bucket's prefix or in a folder.

    Args:
        days: where to look, first and last; all days when None. A decision's id says its day itself.
    """

    def __init__(self, objects: Objects, days: tuple[date, date] | None = None) -> None:
        self._objects, self._days = objects, days

    def find(self, identifier: str) -> list[PastDecision]:
        """See `Source.find`; days are searched from the newest on, until one has it."""
        for keys in self._newest_first(identifier):
            with ThreadPoolExecutor(_THREADS, thread_name_prefix="audit") as pool:
                found = [
                    row
                    for rows in pool.map(lambda key: self._matching(key, identifier), keys)
                    for row in rows
                ]
            if found:
                by_id = {decision.decision_id: decision for decision in found}
                return sorted(by_id.values(), key=lambda decision: decision.decided_at, reverse=True)
        return []

    def table(self, since: datetime, until: datetime, columns: Sequence[str]) -> pa.Table:
        """Some columns of the decisions made from `since` until before `until`, each decision once.

        Raises:
            SourceError: a file cannot be read.
        """
        days = _days(since, until)
        wanted = list(dict.fromkeys([*columns, "decision_id", "decided_at"]))
        keys = [
            key for day in days for key in self._objects.keys(day_folder(day)) if key.endswith(".parquet")
        ]
        with ThreadPoolExecutor(_THREADS, thread_name_prefix="audit") as pool:
            tables = list(pool.map(lambda key: self._read(key, wanted), keys))
        schema = pa.schema([AUDIT.field(name) for name in wanted])
        table = pa.concat_tables([schema.empty_table(), *(one.cast(schema) for one in tables)])
        moments = table["decided_at"]
        inside = pc.and_(
            pc.greater_equal(moments, pa.scalar(since, moments.type)),
            pc.less(moments, pa.scalar(until, moments.type)),
        )
        return _once(table.filter(inside)).select(list(columns))

    def _newest_first(self, identifier: str) -> Iterator[list[str]]:
        """Keys of one search at a time."""
        told = day_of(identifier)
        if told is not None:
            around = [told + timedelta(days=off) for off in (0, -1, 1)]
            yield [key for day in around for key in self._objects.keys(day_folder(day)) if _is_file(key)]
            return
        if self._days is None:
            keys: Iterable[str] = self._objects.keys("date=")
        else:
            first, last = self._days
            days = [first + timedelta(days=n) for n in range((last - first).days + 1)]
            keys = (key for day in days for key in self._objects.keys(day_folder(day)))
        by_day = groupby(filter(_is_file, keys), key=lambda key: key.partition("/")[0])
        yield from reversed([list(group) for _, group in by_day])

    def _matching(self, key: str, identifier: str) -> list[PastDecision]:
        body = self._objects.read(key)
        ids = _parquet(body, _IDS, key)
        hit = pc.or_(*(pc.equal(ids[name], identifier) for name in _IDS))
        if not pc.any(hit).as_py():
            return []
        rows = _parquet(body, None, key).filter(hit).to_pylist()
        return [of_row(row, f"{self._objects.where}{key}") for row in rows]

    def _read(self, key: str, columns: list[str]) -> pa.Table:
        return _parquet(self._objects.read(key), columns, key)


def day_of(identifier: str) -> date | None:
    """The day (UTC) that a decision's id was given on; None when it is another kind of id."""
    kind, _, rest = identifier.partition("-")
    time, _, _ = rest.partition("-")
    if kind != "d" or len(time) != _HEX_MS:
        return None
    try:
        return datetime.fromtimestamp(int(time, 16) / 1000, UTC).date()
    except (ValueError, OverflowError):
        return None


def _is_file(key: str) -> bool:
    return key.endswith(".parquet")


def _days(since: datetime, until: datetime) -> list[date]:
    first, last = since.astimezone(UTC).date(), until.astimezone(UTC).date()
    return [first + timedelta(days=n) for n in range((last - first).days + 1)]


def _parquet(body: bytes, columns: list[str] | None, key: str) -> pa.Table:
    try:
        with pq.ParquetFile(io.BytesIO(body)) as file:
            return file.read(columns=columns)
    except (pa.ArrowException, OSError) as error:
        raise SourceError(f"{key}: is no Parquet file of the audit: {error}") from error


def _once(table: pa.Table) -> pa.Table:
    """The first row of each decision: a delivery that was repeated may have left two."""
    index = pa.array(range(table.num_rows), pa.int64())
    first = table.append_column("row", index).group_by("decision_id").aggregate([("row", "min")])
    return table.take(first["row_min"].combine_chunks().sort())
