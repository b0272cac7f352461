"""How fast the mirror's data plane is: Feature Store, Kinesis and InvokeEndpoint, from one client process.

    python -m benchmarks.mirror_data_plane            # about a minute; JSON on stdout

Clients: `boto3` itself, and `signed`, a boto3-compatible one (keep-alive sockets, every request signed
by botocore) that shows the server rather than boto3's serialiser. moto's own server is the baseline
where it has the API. Everything runs on this machine, client and server sharing its cores.
"""

from __future__ import annotations

import base64
import contextlib
import json
import os
import socket
import statistics
import subprocess
import sys
import tempfile
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor, wait
from pathlib import Path
from typing import Any

import boto3
import click
from botocore.config import Config

from benchmarks.signed_client import SignedClient
from mirror.cloud import CREDENTIALS, Cloud

REGION = "us-east-1"
FEATURES = 30
USERS = 2000
EVENT_TIME = "2026-03-01T12:34:56.789Z"

Call = Callable[[int], Any]


def measure(calls: list[Call], seconds: float) -> dict[str, float]:
    """Run each of `calls` in a thread of its own; rate and latency over all of them."""
    latencies: list[list[float]] = [[] for _ in calls]
    start = threading.Barrier(len(calls) + 1)
    stop = threading.Event()

    def run(index: int, call: Call) -> None:
        number, found = index * 1_000_003, latencies[index]
        try:
            for warm in range(20):
                call(number + warm)
        except BaseException:
            start.abort()  # the others must not wait for a thread that has failed
            raise
        start.wait()
        while not stop.is_set():
            began = time.perf_counter()
            call(number)
            found.append(time.perf_counter() - began)
            number += 1

    with ThreadPoolExecutor(len(calls)) as pool:
        running = [pool.submit(run, index, call) for index, call in enumerate(calls)]
        with contextlib.suppress(threading.BrokenBarrierError):
            start.wait()
        began = time.perf_counter()
        time.sleep(seconds)
        stop.set()
        wait(running)
        for each in running:
            if not isinstance(each.exception(), threading.BrokenBarrierError):
                each.result()
        elapsed = time.perf_counter() - began
    every = sorted(latency for found in latencies for latency in found)
    return {
        "calls_per_s": round(len(every) / elapsed),
        "p50_ms": round(statistics.median(every) * 1e3, 3),
        "p99_ms": round(every[int(len(every) * 0.99)] * 1e3, 3),
    }


@contextlib.contextmanager
def server(command: list[str], port: int, path: str) -> Iterator[None]:
    """A server process, from the moment it answers on `path` to its end."""
    process = subprocess.Popen(
        [sys.executable, "-m", *command],
        env={key: value for key, value in os.environ.items() if key != "FRAUDLINE_CHECK_SHAPES"},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        deadline = time.monotonic() + 60
        while True:
            try:
                urllib.request.urlopen(f"http://127.0.0.1:{port}{path}", timeout=1).close()
                break
            except OSError:
                if time.monotonic() > deadline or process.poll() is not None:
                    raise
                time.sleep(0.1)
        yield
    finally:
        process.terminate()
        process.wait(30)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def boto(service: str, port: int) -> Any:
    return boto3.session.Session(region_name=REGION, **CREDENTIALS).client(
        service,
        endpoint_url=f"http://127.0.0.1:{port}",
        config=Config(max_pool_connections=32, retries={"max_attempts": 0}),
    )


def record(number: int) -> list[dict[str, str]]:
    """A feature record like the platform's own: an identifier, an event time and numbers."""
    return [
        {"FeatureName": "id", "ValueAsString": f"user-{number % USERS}"},
        {"FeatureName": "t", "ValueAsString": EVENT_TIME},
        *({"FeatureName": f"f{n}", "ValueAsString": f"{number % 977}.{n:02d}"} for n in range(FEATURES)),
    ]


def feature_store(port: int, threads: int, seconds: float) -> dict[str, Any]:
    cloud = Cloud(Path(), port)
    definitions = [
        {"FeatureName": "id", "FeatureType": "String"},
        {"FeatureName": "t", "FeatureType": "String"},
    ]
    definitions += [{"FeatureName": f"f{n}", "FeatureType": "Fractional"} for n in range(FEATURES)]
    cloud.client("sagemaker").create_feature_group(
        FeatureGroupName="users",
        RecordIdentifierFeatureName="id",
        EventTimeFeatureName="t",
        FeatureDefinitions=definitions,
        OnlineStoreConfig={"EnableOnlineStore": True},
    )
    client = boto("sagemaker-featurestore-runtime", port)
    for number in range(USERS):
        client.put_record(FeatureGroupName="users", Record=record(number))

    def boto_put(number: int) -> None:
        client.put_record(FeatureGroupName="users", Record=record(number))

    def boto_get(number: int) -> None:
        client.get_record(FeatureGroupName="users", RecordIdentifierValueAsString=f"user-{number % USERS}")

    def signed(send: Callable[[SignedClient, int], None]) -> list[Call]:
        def bind(one: SignedClient) -> Call:
            return lambda number: send(one, number)

        return [bind(SignedClient(port, "sagemaker", REGION)) for _ in range(threads)]

    def put(one: SignedClient, number: int) -> None:
        one.request("PUT", "/FeatureGroup/users", json.dumps({"Record": record(number)}).encode())

    def get(one: SignedClient, number: int) -> None:
        one.request("GET", f"/FeatureGroup/users?RecordIdentifierValueAsString=user-{number % USERS}")

    def batch(one: SignedClient, number: int) -> None:
        entry = {"FeatureGroupName": "users", "RecordIdentifiersValueAsString": []}
        entry["RecordIdentifiersValueAsString"] = [f"user-{(number + n) % USERS}" for n in range(3)]
        one.request("POST", "/BatchGetRecord", json.dumps({"Identifiers": [entry]}).encode())

    return {
        "boto3": {
            "put_record": measure([boto_put] * threads, seconds),
            "get_record": measure([boto_get] * threads, seconds),
        },
        "signed": {
            "put_record": measure(signed(put), seconds),
            "get_record": measure(signed(get), seconds),
            "batch_get_record_of_3": measure(signed(batch), seconds),
        },
    }


def kinesis(port: int, threads: int, seconds: float, *, keep_alive: bool = True) -> dict[str, Any]:
    """PutRecord and PutRecords; without `keep_alive` only through boto3, which connects again."""
    client = boto("kinesis", port)
    client.create_stream(StreamName="raw", ShardCount=4)
    payload = b"x" * 300
    text = base64.b64encode(payload).decode()
    target = {"x-amz-target": "Kinesis_20131202.PutRecord", "content-type": "application/x-amz-json-1.1"}

    def boto_put(number: int) -> None:
        client.put_record(StreamName="raw", PartitionKey=str(number), Data=payload)

    def boto_put_many(number: int) -> None:
        entries = [{"PartitionKey": str(number + n), "Data": payload} for n in range(500)]
        client.put_records(StreamName="raw", Records=entries)

    def bind(one: SignedClient) -> Call:
        def put(number: int) -> None:
            body = {"StreamName": "raw", "PartitionKey": str(number), "Data": text}
            one.request("POST", "/", json.dumps(body).encode(), target)

        return put

    many = measure([boto_put_many], seconds)
    found: dict[str, Any] = {
        "boto3": {
            "put_record": measure([boto_put] * threads, seconds),
            "put_records_of_500": many | {"records_per_s": many["calls_per_s"] * 500},
        }
    }
    if keep_alive:
        clients = [SignedClient(port, "kinesis", REGION) for _ in range(threads)]
        found["signed"] = {"put_record": measure([bind(one) for one in clients], seconds)}
    return found


def invoke_endpoint(seconds: float) -> dict[str, Any]:
    """The front and its proxy before a trivial model server, against that server called directly."""
    port, model_port = free_port(), free_port()
    with (
        server(["benchmarks.trivial_model", str(model_port)], model_port, "/ping"),
        server(
            ["benchmarks.trivial_model", str(port), "--front-of", str(model_port)],
            port,
            "/_fraudline/health",
        ),
    ):
        body, content = b'{"transaction_id":"t"}', {"content-type": "application/json"}
        direct, through = (
            SignedClient(model_port, "sagemaker", REGION),
            SignedClient(port, "sagemaker", REGION),
        )
        path = "/endpoints/decisions/invocations"
        found = {
            "direct": measure([lambda _: direct.request("POST", "/invocations", body, content)], seconds),
            "through_the_mirror": measure([lambda _: through.request("POST", path, body, content)], seconds),
        }
    overhead = found["through_the_mirror"]["p50_ms"] - found["direct"]["p50_ms"]
    return {**found, "overhead_p50_ms": round(overhead, 3)}


def boto3_alone(threads: int, seconds: float) -> dict[str, Any]:
    """boto3 against a server that answers at once: the most that boto3 itself can do here."""
    port = free_port()
    with server(["benchmarks.trivial_model", str(port)], port, "/ping"):
        client = boto("sagemaker-featurestore-runtime", port)

        def put(number: int) -> None:
            client.put_record(FeatureGroupName="users", Record=record(number))

        return {"put_record": measure([put] * threads, seconds)}


@click.command()
@click.option("--threads", default=4, show_default=True, help="Client threads, all in this process.")
@click.option("--seconds", default=3.0, show_default=True, help="Length of each measurement.")
def main(threads: int, seconds: float) -> None:
    """Measure the mirror's data plane."""
    results: dict[str, Any] = {
        "machine": {"cpus": os.cpu_count(), "load_1_min": round(os.getloadavg()[0], 2)},
        "settings": {"threads": threads, "seconds": seconds, "features": FEATURES},
    }
    with tempfile.TemporaryDirectory() as state:
        port = free_port()
        command = ["mirror.server", "--port", str(port), "--state-dir", state]
        with server(command, port, "/_fraudline/health"):
            results["feature_store"] = feature_store(port, threads, seconds)
            results["kinesis"] = kinesis(port, threads, seconds)
    port = free_port()
    with server(["moto.server", "-p", str(port)], port, "/moto-api/"):
        results["kinesis_on_plain_moto"] = kinesis(port, threads, seconds, keep_alive=False)
    results["boto3_against_a_server_that_does_nothing"] = boto3_alone(threads, seconds)
    results["invoke_endpoint"] = invoke_endpoint(seconds)
    click.echo(json.dumps(results, indent=2))


if __name__ == "__main__":
    main()
