"""A stream on moto's Kinesis that can be stopped and started; what it took, it keeps."""

from __future__ import annotations

import json
import socket
from typing import Any

import boto3
from moto.server import ThreadedMotoServer

NAME = "fraudline-dev-model-predictions"


class Stream:
    """The stream of decisions, behind a port of its own."""

    def __init__(self) -> None:
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self._port = int(free.getsockname()[1])
        self.start()
        self._client().create_stream(StreamName=NAME, ShardCount=1)

    @property
    def environ(self) -> dict[str, str]:
        """Variables that bring a process's boto3 here."""
        return {
            "AWS_ENDPOINT_URL": f"http://127.0.0.1:{self._port}",
            "AWS_ACCESS_KEY_ID": "test",
            "AWS_SECRET_ACCESS_KEY": "test",
            "AWS_DEFAULT_REGION": "us-east-1",
        }

    def start(self) -> None:
        self._server = ThreadedMotoServer("127.0.0.1", self._port, verbose=False)
        self._server.start()

    def stop(self) -> None:
        self._server.stop()

    def ids(self) -> list[str]:
        """Decision ids of all records, in their order."""
        client = self._client()
        (shard,) = client.list_shards(StreamName=NAME)["Shards"]
        iterator = client.get_shard_iterator(
            StreamName=NAME, ShardId=shard["ShardId"], ShardIteratorType="TRIM_HORIZON"
        )["ShardIterator"]
        found: list[str] = []
        while True:
            page = client.get_records(ShardIterator=iterator, Limit=10_000)
            if not page["Records"]:
                return found
            found += [json.loads(record["Data"])["decision_id"] for record in page["Records"]]
            iterator = page["NextShardIterator"]

    def _client(self) -> Any:
        return boto3.client(
            "kinesis",
            endpoint_url=f"http://127.0.0.1:{self._port}",
            region_name="us-east-1",
            aws_access_key_id="test",
            aws_secret_access_key="test",
        )
