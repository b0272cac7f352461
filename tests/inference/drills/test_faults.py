"""What customers see while something is broken: an answer in time, or a clean 503, and nothing is lost."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

import psutil
import pyarrow.dataset as ds
import pytest

from benchmarks.serving.load import offer
from benchmarks.trained import bundle_dir
from processing.online.embedded import LmdbWriter
from tests.inference.decision_log.postgres import Postgres, rows
from tests.inference.drills.clients import Clients, Seen, held
from tests.inference.running import GOOD, Server, Store
from tests.inference.signals.bureaus import DECLARED, Bureau

pytestmark = [pytest.mark.drill, pytest.mark.timeout(400)]

_BUDGETS = {"FRAUDLINE_READ_BUDGET_MS": "50", "FRAUDLINE_DECISION_BUDGET_MS": "120", "FRAUDLINE_WORKERS": "2"}
_IN_A_SMALL_DISK = 'mount -t tmpfs -o size=3m tmpfs "$FRAUDLINE_SPOOL_DIR" && exec "$@"'

_SLOW = 300
"""Trees of a model whose contributions take xgboost some milliseconds."""

Started = Callable[..., Server]


@pytest.fixture
def own_store() -> Iterator[Store]:
    running = Store()
    yield running
    running.close()


@pytest.fixture
def started(bundle_dir: Path, own_store: Store, tmp_path: Path) -> Iterator[Started]:
    servers: list[Server] = []

    def start(prefix: tuple[str, ...] = (), **extra: str) -> Server:
        audit = {"FRAUDLINE_AUDIT_URI": str(tmp_path / "audit"), "FRAUDLINE_AUDIT_FLUSH_S": "1"}
        server = Server(bundle_dir, own_store.url, _BUDGETS | audit | extra, prefix=prefix).start()
        servers.append(server)
        return server

    yield start
    for server in servers:
        if server.process.poll() is None:
            server.stop()


def _score(server: Server) -> float:
    answer = server.decide(transaction_id="before")
    assert answer["fallback_reason"] is None
    score: float = answer["score"]
    return score


def _answered(seen: list[Seen]) -> set[str]:
    return {one.answer["decision_id"] for one in seen if one.status == 200}


def _nothing_is_missing(server: Server, seen: list[Seen], tmp_path: Path) -> None:
    assert server.stop() == 0
    found = ds.dataset(tmp_path / "audit", format="parquet").to_table(columns=["decision_id"])
    assert _answered(seen) <= set(found["decision_id"].to_pylist())


@pytest.mark.parametrize("fault", ["hung", "refusing", "answering nonsense"])
def test_the_store_is(fault: str, started: Started, own_store: Store, tmp_path: Path) -> None:
    server = started()
    score = _score(server)
    whole = own_store.answer
    with Clients(server) as clients:
        held("the store is whole", clients.during(3), score)
        if fault == "hung":
            own_store.delay = 30.0
        elif fault == "refusing":
            own_store.status = 500
        else:
            own_store.answer = {"Records": "none"}
        clients.during(0.3)
        broken = clients.during(10)
        own_store.delay, own_store.status, own_store.answer = 0.0, 200, whole
        clients.during(3)
        healed = clients.during(3)
    held(f"the store is {fault}", broken, score)
    assert all(one.answer["fallback_reason"] for one in broken if one.status == 200)
    held("the store is whole again", healed, score)
    _nothing_is_missing(server, clients.seen, tmp_path)


@pytest.mark.parametrize("fault", ["hang", "garbage"])
def test_the_bureau(fault: str, started: Started, tmp_path: Path) -> None:
    bureau = Bureau()
    try:
        path = tmp_path / "signals.toml"
        declared = DECLARED.read_text().replace("http://127.0.0.1:8090", bureau.url)
        path.write_text(declared.replace("[adapter.cache]", "[adapter.cache]\n# as declared"))
        server = started(FRAUDLINE_SIGNALS_FILE=str(path))
        score = _score(server)
        bureau.fault(fault)
        with Clients(server) as clients:
            held(f"the bureau: {fault}", clients.during(10), score)
        _nothing_is_missing(server, clients.seen, tmp_path)
    finally:
        bureau.stop()


def test_the_model_file_is_corrupt(bundle_dir: Path, own_store: Store, tmp_path: Path) -> None:
    """The new server never becomes healthy, so that no platform sends it anything."""
    model_dir = Path(shutil.copytree(bundle_dir, tmp_path / "model"))
    whole = (model_dir / "model.ubj").read_bytes()
    (model_dir / "model.ubj").write_bytes(whole[: len(whole) // 2])
    began = time.monotonic()
    process = Server(model_dir, own_store.url).launch()
    output = process.communicate(timeout=60)[0]
    assert process.returncode == 1
    assert "model.ubj" in json.loads(output.splitlines()[-1])["message"]
    print(f"the model file is corrupt: ended after {time.monotonic() - began:.1f} s, never healthy")


def test_the_log_stream_is_down_for_two_minutes(started: Started, own_store: Store, tmp_path: Path) -> None:
    server = started()
    score = _score(server)
    with Clients(server) as clients:
        own_store.stream_refuses = 1_000_000
        down = clients.during(120)
        own_store.stream_refuses = 0
        clients.during(5)
    held("the log stream is down for two minutes", down, score)
    _nothing_is_missing(server, clients.seen, tmp_path)
    assert _answered(clients.seen) <= {record["decision_id"] for record in own_store.predictions}


def test_the_disk_is_full(started: Started, own_store: Store, tmp_path: Path) -> None:
    """3 MiB for the spool in a mount of the server's own, while nothing can be delivered."""
    # A disk of one's own needs a mount, and a mount without root needs a user namespace, which some
    # kernels and containers forbid; nothing else than a real full disk shows what is tested here.
    if subprocess.run(["unshare", "-rm", "true"], check=False).returncode:
        pytest.skip("unshare may not make a user namespace here: run as root, or allow it")
    prefix = ("unshare", "-rm", "sh", "-c", _IN_A_SMALL_DISK, "sh")
    own_store.stream_refuses = 1_000_000
    server = started(prefix, FRAUDLINE_AUDIT_URI="")
    score = _score(server)
    with Clients(server, rate=300) as clients:
        deadline = time.monotonic() + 90
        while not any(one.status == 503 for one in clients.during(0.5)):
            assert time.monotonic() < deadline, "the disk never filled up"
        full = clients.during(10)
        own_store.stream_refuses = 0
        clients.during(20)  # the shipper asks again within 5 s, and has to bring what waits first
        healed = clients.during(5)
    held("the disk is full", full, score)
    held("the disk has room again", healed, score)
    assert sum(one.status == 503 for one in healed) == 0
    assert server.stop() == 0
    assert _answered(clients.seen) <= {record["decision_id"] for record in own_store.predictions}


def test_postgresql_is_down(started: Started, tmp_path: Path) -> None:
    postgres = Postgres(tmp_path)
    dsn = postgres.database()
    try:
        server = started(FRAUDLINE_POSTGRES_DSN=dsn)
        score = _score(server)
        with Clients(server) as clients:
            clients.during(2)
            postgres.stop()
            down = clients.during(20)
            postgres.start()
            clients.during(5)
        held("PostgreSQL is down", down, score)
        _nothing_is_missing(server, clients.seen, tmp_path)
        delivered = {row[0] for row in rows(dsn, "SELECT decision_id FROM predictions")}
        assert _answered(clients.seen) <= delivered
    finally:
        postgres.stop()


def test_a_worker_is_killed_every_second(started: Started, tmp_path: Path) -> None:
    server = started()
    score = _score(server)
    killed = 0
    stop = threading.Event()

    def kill() -> None:
        nonlocal killed
        while not stop.wait(1.0):
            workers = [
                child for child in psutil.Process(server.process.pid).children() if "serve" in child.cmdline()
            ]
            busiest = max(workers, key=lambda child: sum(child.cpu_times()[:2]))
            os.kill(busiest.pid, signal.SIGKILL)
            killed += 1

    with Clients(server) as clients:
        killer = threading.Thread(target=kill)
        killer.start()
        during = clients.during(60)
        stop.set()
        killer.join()
    assert killed >= 50
    held(f"{killed} workers were killed in a minute", during, score)
    _nothing_is_missing(server, clients.seen, tmp_path)


def test_ten_times_too_many_requests(own_store: Store, tmp_path: Path) -> None:
    """A slow model, which xgboost explains, so that one client can ask ten times of what can be answered."""
    LmdbWriter(tmp_path / "online").close()
    extra = {
        "FRAUDLINE_FEATURE_BACKEND": "lmdb",
        "FRAUDLINE_LMDB_PATH": str(tmp_path / "online"),
        "FRAUDLINE_AUDIT_URI": str(tmp_path / "audit"),
        "FRAUDLINE_KERNEL": "python",
    }
    server = Server(bundle_dir(_SLOW), own_store.url, _BUDGETS | extra).start()
    bodies = [json.dumps(GOOD | {"transaction_id": f"crowd-{number}"}).encode() for number in range(500)]
    crowd = partial(offer, server.port, "/invocations", "application/json", bodies)
    capacity = crowd(seconds=5, connections=4)
    load = crowd(seconds=20, connections=100, rate=10 * capacity.rate)
    assert server.stop() == 0
    p50, _, p99, p999, longest = load.latencies_ms
    print(
        f"ten times {capacity.rate:,.0f}/s: {load.answered} requests, {load.refused} told to come again; "
        f"p50 {p50:.1f}, p99 {p99:.1f}, p99.9 {p999:.1f}, longest {longest:.1f} ms"
    )
    assert load.failed == 0
    assert load.refused > load.answered / 2
    decided = ds.dataset(tmp_path / "audit", format="parquet").to_table(columns=["decision_id"]).num_rows
    assert decided == capacity.answered + load.answered - load.refused
    assert longest < 200.0
