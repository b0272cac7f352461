"""A mirror in a process of its own, without its consumer supervisor: the tests start consumers."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import boto3

from feature_groups import GROUPS
from feature_groups.names import DEAD_LETTERS, STREAMS, Names
from mirror.cloud import CREDENTIALS, DEFAULT_REGION, Cloud

_SERVE = """
import sys
from pathlib import Path
import mirror.consumers
mirror.consumers.start = mirror.consumers.stop = lambda cloud: None
from mirror.server.process import run_server
run_server(int(sys.argv[1]), Path(sys.argv[2]), sys.argv[3])
"""
NAMES = Names("test")
BUCKET = "test-lake"


@dataclass(frozen=True)
class Mirror:
    """A running mirror with the platform's streams, feature groups and lake bucket."""

    folder: Path
    port: int

    @property
    def environ(self) -> dict[str, str]:
        state = {"FRAUDLINE_CONSUMER_STATE": str(self.folder / "consumer")}
        settings = {"FRAUDLINE_ENVIRONMENT": "test", "FRAUDLINE_LAKE_BUCKET": BUCKET, "FRAUDLINE_REPLAY": "1"}
        return {**os.environ, **Cloud(self.folder, self.port).environ(), **settings, **state}

    def client(self, service: str) -> Any:
        return boto3.client(
            service,
            region_name=DEFAULT_REGION,
            endpoint_url=f"http://127.0.0.1:{self.port}",
            **CREDENTIALS,
        )

    @contextmanager
    def consumer(self, **settings: str) -> Iterator[subprocess.Popen[bytes]]:
        """A consumer process with further environment variables; it is stopped cleanly if it still runs."""
        log = (self.folder / "consumer.log").open("ab")
        command = [sys.executable, "-m", "processing.stream"]
        process = subprocess.Popen(command, env=self.environ | settings, stdout=log, stderr=log)
        try:
            yield process
            if process.poll() is None:
                process.send_signal(signal.SIGTERM)
                assert process.wait(30) == 0, (self.folder / "consumer.log").read_text()[-4000:]
        finally:
            process.kill()
            process.wait()
            log.close()


@contextmanager
def running(folder: Path, shards: int = 2) -> Iterator[Mirror]:
    """Start a mirror and create what the consumer reads and writes."""
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port = probe.getsockname()[1]
    command = [sys.executable, "-c", _SERVE, str(port), str(folder / "state"), DEFAULT_REGION]
    with (folder / "mirror.log").open("wb") as log:
        process = subprocess.Popen(command, stdout=log, stderr=log)
    try:
        _wait(port)
        mirror = Mirror(folder, port)
        _create(mirror, shards)
        yield mirror
    finally:
        process.terminate()
        process.wait(30)


def _wait(port: int) -> None:
    for _ in range(900):
        try:
            urllib.request.urlopen(f"http://127.0.0.1:{port}/_fraudline/health").close()
        except OSError:
            time.sleep(0.1)
        else:
            return
    raise TimeoutError("the mirror did not become healthy within 90 s")


def _create(mirror: Mirror, shards: int) -> None:
    kinesis, sagemaker = mirror.client("kinesis"), mirror.client("sagemaker")
    for name in STREAMS:
        kinesis.create_stream(StreamName=NAMES.stream(name), ShardCount=shards)
    for name in DEAD_LETTERS:
        kinesis.create_stream(StreamName=NAMES.dead_letter_stream(name), ShardCount=1)
    mirror.client("s3").create_bucket(Bucket=BUCKET)
    for group in GROUPS:
        sagemaker.create_feature_group(
            FeatureGroupName=NAMES.feature_group(group.name),
            RecordIdentifierFeatureName=group.record_identifier,
            EventTimeFeatureName=group.event_time,
            FeatureDefinitions=[{"FeatureName": n, "FeatureType": t} for n, t in group.features],
            OnlineStoreConfig={"EnableOnlineStore": True},
        )
