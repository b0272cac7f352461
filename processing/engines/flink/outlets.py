"""Where operators send what is not their main output, and the AWS clients they use."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import boto3
from botocore.config import Config
from pyflink.common import Types
from pyflink.datastream import OutputTag

from processing.engines.flink.bundles import Row, named, pack
from processing.engines.flink.settings import FlinkSettings

ELEMENT = Types.PRIMITIVE_ARRAY(Types.BYTE())
# Records for streams.
OUT = OutputTag("out", ELEMENT)
# Accepted transactions, for the operator that joins labels.
ACCEPTED = OutputTag("accepted", ELEMENT)
# Transactions in time, for the operator of merchants; the main output is for that of users.
TO_MERCHANTS = OutputTag("merchants", ELEMENT)
# Accepted transactions and labels, for the operator that writes the lake.
ROWS = OutputTag("rows", ELEMENT)
# Increments of counters, for the operator that adds them up.
COUNTED = OutputTag("counted", ELEMENT)
# How long ago the records just read had arrived; of the time between two metrics the longest counts.
LAG = "lag_ms"


def client(settings: FlinkSettings, service: str) -> Any:
    """An AWS client of the place that the settings name."""
    return boto3.client(
        service,
        region_name=settings.region,
        endpoint_url=settings.endpoint,
        config=Config(
            parameter_validation=False,
            retries={"mode": "standard", "total_max_attempts": 3},
            connect_timeout=5,
            read_timeout=20,  # whoever waits longer holds a checkpoint up
            s3={"addressing_style": "path"},
        ),
    )


def rows_for(stream: str, shard: str, rows: Sequence[Row]) -> Iterator[tuple[OutputTag, bytes]]:
    """Rows of a shard for the lake, if there are any; `stream` is the short name."""
    if rows:
        yield ROWS, named(f"{stream}/{shard}", rows)


def counted(counts: Mapping[str, int]) -> Iterator[tuple[OutputTag, bytes]]:
    """Increments of counters, if there are any."""
    if counts:
        yield COUNTED, pack(dict(counts))


def lag_ms(arrival_ms: int) -> int:
    """Milliseconds since a record arrived at its stream, by this machine's clock."""
    return max(0, int(time.time() * 1000) - arrival_ms)
