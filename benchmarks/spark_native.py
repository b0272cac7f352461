"""The features of users and merchants by Spark's own window functions: what our Spark job is compared with.

Started by `benchmarks.spark`, in the environment of Spark. Where an aggregate is not exactly ours (an
estimate beyond the exact events, rounding of sums), it is the cheaper one.
"""

from __future__ import annotations

import json
import sys

from pyspark.sql import Column, DataFrame, SparkSession, Window, WindowSpec
from pyspark.sql import functions as sf

from feature_groups.windows import MONTH, WEEK, WINDOWS
from processing.engines.spark import accounting, session

_DAY_MS = 86_400_000.0


def main(folder: str, out: str) -> None:
    """Read a folder of ours, write one Parquet file in event order."""
    accounting.adopt_orphans()
    spark = session.start("window functions")
    frame = features(spark, folder)
    frame.repartition(1).sortWithinPartitions("t", "transaction_id").drop("t").write.parquet(out)
    accounting.stop(spark)
    print(json.dumps({"cpu_seconds": accounting.cpu_seconds()}))


def features(spark: SparkSession, folder: str) -> DataFrame:
    """``transaction_id``, ``t`` and the window features of every transaction."""
    log = spark.read.parquet(f"{folder}/transactions.parquet").dropDuplicates(["transaction_id"])
    labels = spark.read.parquet(f"{folder}/labels.parquet").where("is_fraud")
    known = labels.groupBy("transaction_id").agg(
        _milliseconds(sf.min("investigation_complete_time")).alias("known")
    )
    events = log.join(sf.broadcast(known), "transaction_id", "left").select(
        "transaction_id",
        "user_id",
        "merchant_id",
        _milliseconds(sf.col("timestamp")).alias("t"),
        sf.round(sf.col("amount") * 100).cast("bigint").alias("amount"),
        "country",
        "device",
        sf.col("status").isNotNull().cast("int").alias("with_status"),
        sf.when(sf.col("status") == "declined", 1).otherwise(0).alias("declined"),
        "known",
    )
    return _merchants(_users(events))


def _users(events: DataFrame) -> DataFrame:
    by_user = Window.partitionBy("user_id").orderBy("t")
    before = by_user.rangeBetween(Window.unboundedPreceding, -1)
    changed = sf.col("device") != sf.last("device", ignorenulls=True).over(before)
    events = events.withColumn("changed", sf.coalesce(changed.cast("int"), sf.lit(0)))
    columns: list[Column] = []
    for window in WINDOWS:
        over = by_user.rangeBetween(-window.milliseconds, -1)
        count, total = sf.count("*").over(over), sf.coalesce(sf.sum("amount").over(over), sf.lit(0)) / 100
        columns += [
            count.cast("double").alias(f"user_transaction_count_{window.name}"),
            total.alias(f"user_amount_sum_{window.name}"),
            (total / count).alias(f"user_amount_avg_{window.name}"),
            (sf.max("amount").over(over) / 100).alias(f"user_amount_max_{window.name}"),
            _distinct("merchant_id", over).alias(f"user_distinct_merchants_{window.name}"),
            _distinct("country", over).alias(f"user_distinct_countries_{window.name}"),
            _where_known("declined", sf.sum("with_status"), over).alias(f"user_declined_count_{window.name}"),
            _where_known("changed", sf.count("device"), over).alias(f"user_device_changes_{window.name}"),
        ]
    return events.select("transaction_id", "user_id", "merchant_id", "t", "known", *columns)


def _merchants(events: DataFrame) -> DataFrame:
    # A fraud is a row of its own at the time it became known.
    frauds = events.where("known is not null").select("merchant_id", sf.col("known").alias("t"), "known")
    rows = events.drop("known").unionByName(frauds, allowMissingColumns=True)
    by_merchant = Window.partitionBy("merchant_id").orderBy("t")
    columns: list[Column] = []
    for window in WINDOWS:
        over = by_merchant.rangeBetween(-window.milliseconds, -1)
        count = sf.count("transaction_id").over(over)
        columns += [
            count.cast("double").alias(f"merchant_transaction_count_{window.name}"),
            _distinct("user_id", over).alias(f"merchant_unique_customers_{window.name}"),
        ]
        if window in (WEEK, MONTH):
            rate = sf.count("known").over(over) / count
            columns.append(rate.alias(f"merchant_fraud_rate_{window.name}"))
    first = sf.min("known").over(by_merchant.rangeBetween(Window.unboundedPreceding, -1))
    columns.append(((sf.col("t") - first) / _DAY_MS).alias("merchant_days_since_first_known_fraud"))
    done = rows.select("*", *columns).where("transaction_id is not null")
    return done.drop("user_id", "merchant_id", "known")


def _distinct(column: str, over: WindowSpec) -> Column:
    return sf.size(sf.collect_set(column).over(over)).cast("double")


def _where_known(column: str, known: Column, over: WindowSpec) -> Column:
    return sf.when(known.over(over) > 0, sf.sum(column).over(over)).cast("double")


def _milliseconds(moment: Column) -> Column:
    return sf.unix_millis(moment)


if __name__ == "__main__":
    main(*sys.argv[1:])
