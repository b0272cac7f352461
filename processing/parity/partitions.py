"""Rows of a table on disk, parted by a hash of their ids: equal ids are in equal partitions."""

from __future__ import annotations

import zlib
from collections.abc import Iterable, Iterator
from contextlib import ExitStack
from pathlib import Path

import numpy as np
import pyarrow as pa

from processing.parity.rows import Rows

PARTITIONS = 64


class Partitions:
    """The rows of `chunks` in files of a folder; iterating gives the rows of each partition in turn.

    Args:
        folder: made here.
        width: features of a row.
    """

    def __init__(self, folder: Path, width: int, chunks: Iterable[Rows]) -> None:
        folder.mkdir()
        self._files = [folder / f"{number}.arrow" for number in range(PARTITIONS)]
        self._width = width
        self._schema = pa.schema(
            [("position", pa.int64()), ("id", pa.string()), ("values", pa.list_(pa.float64(), width))]
        )
        with ExitStack() as stack:
            writers = [stack.enter_context(pa.ipc.new_file(str(file), self._schema)) for file in self._files]
            for chunk in chunks:
                for number, batch in self._parted(chunk):
                    writers[number].write_batch(batch)

    def __iter__(self) -> Iterator[Rows]:
        for file in self._files:
            with pa.memory_map(str(file)) as source:
                table = pa.ipc.open_file(source).read_all().combine_chunks()
                flat = [np.asarray(piece.flatten()) for piece in table["values"].chunks]
                values = np.concatenate([np.empty(0), *flat]).reshape(-1, self._width)
                yield Rows(table["position"].to_numpy().copy(), pa.array(table["id"].to_pylist()), values)

    def _parted(self, chunk: Rows) -> Iterator[tuple[int, pa.RecordBatch]]:
        hashes = [zlib.crc32(one.encode()) % PARTITIONS for one in chunk.ids.to_pylist()]
        number = np.array(hashes, np.int64)
        order = np.argsort(number, kind="stable")
        ends = np.searchsorted(number[order], np.arange(PARTITIONS + 1))
        for part in range(PARTITIONS):
            rows = order[ends[part] : ends[part + 1]]
            if rows.size:
                values = pa.FixedSizeListArray.from_arrays(pa.array(chunk.values[rows].ravel()), self._width)
                columns = [pa.array(chunk.positions[rows]), chunk.ids.take(pa.array(rows)), values]
                yield part, pa.RecordBatch.from_arrays(columns, schema=self._schema)
