"""Writing the features: each partition of the sorted rows is one Parquet file.

The same rows always give the same bytes, so a task that runs twice writes its file twice and nothing has
to be committed: an object of S3 is there when it is whole, and `_SUCCESS` when all are.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.fs as pafs
import pyarrow.parquet as pq

from processing.engines.spark.reading import file_system
from processing.engines.spark.rows import FEATURES, VECTOR, unpack

_OURS = re.compile(r"part-\d+\.parquet|_SUCCESS")
WRITTEN = pa.schema([("rows", pa.int64())])


@dataclass(frozen=True, slots=True)
class WriteFeatures:
    """The last step.

    Attributes:
        out: folder, a path or URI.
        number: number of the partition a task works on.
    """

    out: str
    number: Callable[[], int]

    def __call__(self, batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        """How many rows were written, `WRITTEN`.

        Args:
            batches: `ROW` with `VECTOR` records, in the order of time.
        """
        system, path = file_system(self.out)
        rows = 0
        with _writer(system, f"{path}/part-{self.number():05}.parquet") as writer:
            for batch in batches:
                vectors = unpack(batch.column("record"), VECTOR)
                columns = [pa.array(column) for column in np.ascontiguousarray(vectors.T)]
                ids = batch.column("transaction_id")
                writer.write_batch(pa.RecordBatch.from_arrays([ids, *columns], schema=FEATURES))
                rows += batch.num_rows
        yield pa.RecordBatch.from_pydict({"rows": [rows]}, schema=WRITTEN)


def prepare(out: str) -> None:
    """Make the folder, without what an earlier job left in it.

    Raises:
        ValueError: it holds something that no job of ours wrote.
    """
    system, path = file_system(out)
    system.create_dir(path, recursive=True)
    present = system.get_file_info(pafs.FileSelector(path))
    for info in present:
        if not _OURS.fullmatch(info.base_name):
            raise ValueError(
                f"{out} holds {info.base_name}, which is not ours to delete: give an empty folder"
            )
    for info in present:
        system.delete_file(info.path)


def finish(out: str, written: int) -> None:
    """Mark the folder as complete.

    Args:
        written: files that are there. Spark runs no task where there is no row: then one is made here.
    """
    system, path = file_system(out)
    if written == 0:
        _writer(system, f"{path}/part-00000.parquet").close()
    with system.open_output_stream(f"{path}/_SUCCESS"):
        pass


def _writer(system: pafs.FileSystem, path: str) -> pq.ParquetWriter:
    return pq.ParquetWriter(path, FEATURES, filesystem=system, compression="zstd", compression_level=1)
