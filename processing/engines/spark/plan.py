"""The job as Spark sees it: bring rows together, and let a step compute over their Arrow batches."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import pyarrow as pa
from pyspark import TaskContext
from pyspark.sql import DataFrame, SparkSession
from pyspark.sql.functions import xxhash64

from processing.engines.homes import Homes
from processing.engines.spark.arrivals import first_arrivals
from processing.engines.spark.counting import Counter
from processing.engines.spark.histories import MerchantFeatures, UserFeatures
from processing.engines.spark.reading import (
    GROUP,
    LABEL_COLUMNS,
    Group,
    ReadTransactions,
    read_reports,
    row_groups,
)
from processing.engines.spark.rows import ROW, ddl
from processing.engines.spark.writing import WRITTEN, WriteFeatures, finish, prepare
from processing.sources.column_map import ColumnMap

Step = Callable[[Iterator[pa.RecordBatch]], Iterator[pa.RecordBatch]]


@dataclass(frozen=True, slots=True)
class Inputs:
    """What a job reads.

    Attributes:
        source: the row groups of the log, in its order.
        read: how to read them.
        labels: the row groups of labels in the lake's shape; None where `read` finds them in the log.
        limit: only the first rows in event order; None for all.
    """

    source: list[Group]
    read: ReadTransactions
    labels: list[Group] | None = None
    limit: int | None = None

    @classmethod
    def at(
        cls, source: str, columns: ColumnMap, labels: str | None, homes: Homes | None, limit: int | None
    ) -> Inputs:
        """The inputs at these places, local or ``s3://``.

        Raises:
            ColumnMapError: a column is missing.
            FileNotFoundError: there is nothing to read.
        """
        read = ReadTransactions(columns, homes, with_labels=labels is None)
        reports = None if labels is None else row_groups(labels, LABEL_COLUMNS)
        return cls(row_groups(source, read.wanted), read, reports, limit)


@dataclass(frozen=True, slots=True)
class Done:
    """How much a job wrote: transactions, and the different entities they belong to."""

    rows: int
    users: int
    merchants: int


def write_features(spark: SparkSession, inputs: Inputs, out: str, parts: int) -> Done:
    """Write the features of every transaction in event order, as files that follow each other.

    Args:
        out: folder, a path or URI; replaced if it exists.
        parts: how many files, at most.
    """
    users, merchants = Counter(spark.sparkContext), Counter(spark.sparkContext)
    vectors = vectors_of(_events(spark, inputs), users, merchants)
    return write_in_order(vectors, out, parts, users, merchants)


def write_in_order(vectors: DataFrame, out: str, parts: int, users: Counter, merchants: Counter) -> Done:
    """Write rows of `VECTOR` records in event order, as files that follow each other.

    Args:
        users, merchants: what counted them on the way.
    """
    ordered = vectors.repartition(1) if parts == 1 else vectors.repartitionByRange(parts, "time", "place")
    sorted_rows = ordered.sortWithinPartitions("time", "place")
    prepare(out)
    written = mapped(sorted_rows, WriteFeatures(out, _partition), WRITTEN).collect()
    finish(out, written=len(written))
    return Done(sum(row.rows for row in written), users.total, merchants.total)


def _events(spark: SparkSession, inputs: Inputs) -> DataFrame:
    log = mapped(spark.createDataFrame(inputs.source, GROUP), inputs.read)
    if inputs.labels is not None:
        log = log.union(mapped(spark.createDataFrame(inputs.labels, GROUP), read_reports))
    by_id = log.repartition("transaction_id").sortWithinPartitions(
        xxhash64("transaction_id"), "transaction_id", "place"
    )
    events = mapped(by_id, first_arrivals)
    if inputs.limit is not None:
        events = events.orderBy("time", "place").limit(inputs.limit)
    return events


def vectors_of(events: DataFrame, users: Counter, merchants: Counter) -> DataFrame:
    """The features of transactions, `VECTOR` records in no order.

    A row crosses the network four times, before, here and for the order of the output, and never in a join.

    Args:
        events: `ROW` with `EVENT` records, an id once; the key is the user.
    """
    by_user = events.repartition("key").sortWithinPartitions("key", "time")
    seen = mapped(by_user, UserFeatures(users))
    by_merchant = seen.repartition("key").sortWithinPartitions("key", "time")
    return mapped(by_merchant, MerchantFeatures(merchants))


def mapped(frame: DataFrame, step: Step, schema: pa.Schema = ROW) -> DataFrame:
    """`step` over the Arrow batches of each partition."""
    return frame.mapInArrow(step, ddl(schema))


def _partition() -> int:
    task = TaskContext.get()
    return task.partitionId() if task else 0
