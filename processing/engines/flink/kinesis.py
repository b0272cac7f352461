"""The Kinesis source and sink, which are Java, for PyFlink."""

from __future__ import annotations

from typing import Any

from pyflink.datastream.connectors.base import Sink, Source
from pyflink.java_gateway import get_gateway

from processing.engines.flink.settings import FlinkSettings


def source(settings: FlinkSettings, stream: str) -> Source:
    """Chunks of the records of a stream (see `bundles.records_of`); `stream` is the short name."""
    java = get_gateway().jvm.fraudline.kinesis
    return Source(java.KinesisChunkSource(_options(settings), settings.names.stream(stream)))


def sink(settings: FlinkSettings) -> Sink:
    """Takes records for any streams (see `bundles.outgoing`)."""
    return Sink(get_gateway().jvm.fraudline.kinesis.KinesisBundleSink(_options(settings)))


def _options(settings: FlinkSettings) -> Any:
    return get_gateway().jvm.fraudline.kinesis.KinesisOptions(settings.region, settings.endpoint)
