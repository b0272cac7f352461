"""Accepted transactions and labels to the lake: the same files whatever happens on the way.

A *group* is what makes files together: the rows of one shard that arrived in the same interval, up to a
number of rows. Where groups begin and end is told by the records alone, and a group's files are named
after its first record. So a job that goes on from a checkpoint makes the same groups again and replaces
their files. A group that is still open is written when an interval has passed and once more when it ends.
"""

from __future__ import annotations

import threading
from itertools import chain
from typing import Any

from pyflink.datastream import KeyedProcessFunction

from processing.engines.flink import states
from processing.engines.flink.bundles import Row, pack, rows_of, unnamed
from processing.engines.flink.groups import Group, group_of, parted
from processing.engines.flink.outlets import client
from processing.engines.flink.settings import FlinkSettings
from processing.stream.lake_files import LakeFiles
from processing.stream.lake_layout import LakeLayout
from processing.stream.records import LakeRows


class LakeWriter(KeyedProcessFunction):  # type: ignore[misc]  # PyFlink is untyped
    """Keeps the rows of each shard's open group in its state, and writes them.

    What is taken out of the state has been written: a checkpoint holds every row that is not in the lake.
    """

    def __init__(self, settings: FlinkSettings) -> None:
        self._settings = settings

    def open(self, context: Any) -> None:
        settings = self._settings
        self._group, self._rows = states.value(context, "group"), states.several(context, "rows")
        self._stopping = threading.Event()
        s3 = client(settings, "s3")
        LakeLayout(s3, client(settings, "sts"), settings.names, settings.lake_bucket, self._stopping).start()
        self._files = LakeFiles(s3, settings.lake_bucket, self._stopping)

    def process_element(self, bundle: bytes, context: Any) -> None:
        settings, kept = self._settings, self._group.value()
        rows = rows_of(unnamed(bundle))
        *ended, (group, fresh) = parted(
            group_of(kept) if kept else None, rows, settings.lake_ms, settings.lake_rows
        )
        for complete, last in ended:
            if complete.written < complete.size:
                self._write(context, complete, last)
            self._rows.clear()
        self._rows.add(pack(fresh))
        if group.size - len(fresh) <= group.written:  # what came is all there is to write: no timer runs
            timers = context.timer_service()
            timers.register_processing_time_timer(timers.current_processing_time() + settings.lake_ms)
        self._group.update(pack(group))

    def on_timer(self, _timestamp: int, context: Any) -> tuple[()]:
        group = group_of(self._group.value())
        if group.written < group.size:
            self._write(context, group, [])
            group.written = group.size
            self._group.update(pack(group))
        return ()  # process mode iterates over it

    def close(self) -> None:
        self._stopping.set()
        self._files.close()

    def _write(self, context: Any, group: Group, fresh: list[Row]) -> None:
        """Write a group: what is in the state, and what just came.

        Raises:
            RuntimeError: the job stops; the rows are in its last checkpoint.
        """
        kept = chain.from_iterable(map(rows_of, self._rows.get() or ()))
        rows = [*kept, *fresh]
        transactions = [(row.transaction, row.arrival_ms) for row in rows if row.transaction]
        labels = [row.label for row in rows if row.label]
        shard = context.get_current_key().rpartition("/")[2]
        if not self._files.write([LakeRows(shard, group.first, transactions, labels)]):
            raise RuntimeError("the job stops with rows to write: it writes them when it goes on")
