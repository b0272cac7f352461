"""Start and end of the server process."""

from __future__ import annotations

import json
import shutil
import socket
import threading
import time
from pathlib import Path
from typing import Any

import psutil
import pytest

from tests.inference.running import GOOD, Server, Store


def _output(server: Server) -> tuple[int, str]:
    process = server.launch()
    output = process.communicate(timeout=60)[0]
    return process.returncode, output


@pytest.mark.parametrize("damage", ["model.ubj", "bundle.json"])
def test_a_corrupt_bundle_never_becomes_healthy(
    bundle_dir: Path, store: Store, tmp_path: Path, damage: str
) -> None:
    model_dir = Path(shutil.copytree(bundle_dir, tmp_path / "model"))
    (model_dir / damage).write_bytes(b"garbage")
    code, output = _output(Server(model_dir, store.url))
    assert code == 1
    last = json.loads(output.splitlines()[-1])
    assert (last["level"], damage in last["message"]) == ("CRITICAL", True)


def test_a_bad_setting_is_named(bundle_dir: Path, store: Store) -> None:
    code, output = _output(Server(bundle_dir, store.url, {"FRAUDLINE_READ_BUDGET_MS": "soon"}))
    assert (code, "FRAUDLINE_READ_BUDGET_MS" in output) == (1, True)


def test_a_bad_policy_is_named(bundle_dir: Path, store: Store, tmp_path: Path) -> None:
    path = tmp_path / "policy.toml"
    path.write_text("version = 1")
    code, output = _output(Server(bundle_dir, store.url, {"FRAUDLINE_POLICY_FILE": str(path)}))
    assert (code, str(path) in output) == (1, True)


def test_sigterm_finishes_what_was_begun(bundle_dir: Path, store: Store) -> None:
    server = Server(bundle_dir, store.url, {"FRAUDLINE_READ_BUDGET_MS": "5000"}).start()
    answers: list[dict[str, Any]] = []
    store.requests.clear()
    store.delay = 1.0
    try:
        request = threading.Thread(target=lambda: answers.append(server.decide()))
        request.start()
        while not store.requests:
            request.join(0.01)
        assert server.stop() == 0
        request.join(10)
    finally:
        store.delay = 0.0
    assert [answer["decided_by"] for answer in answers] == ["model"]


def test_decisions_are_recorded_beside_the_answers_and_before_the_end(bundle_dir: Path, store: Store) -> None:
    store.predictions.clear()
    store.stream_refuses = 2  # an answer does not wait for them
    server = Server(bundle_dir, store.url).start()
    answers = [server.decide(transaction_id=f"t-{number}") for number in range(20)]
    assert server.stop() == 0
    recorded = {record["transaction_id"]: record for record in store.predictions}
    assert len(store.predictions) == len(recorded) == 20
    for answer in answers:
        record = recorded[answer["transaction_id"]]
        assert record["fraud_probability"] == answer["score"]
        assert record["features_as_of"] == answer["features_as_of"]


def test_a_client_that_asks_on_after_its_worker_died_is_told_to_come_again(
    bundle_dir: Path, store: Store
) -> None:
    """What it sends meets a socket that still listens: a closed one would reset the connection."""
    budgets = {"FRAUDLINE_READ_BUDGET_MS": "9000", "FRAUDLINE_WORKERS": "1"}
    server = Server(bundle_dir, store.url, budgets).start()
    body = json.dumps(GOOD).encode()
    request = b"POST /invocations HTTP/1.1\r\ncontent-type: application/json\r\ncontent-length: %d\r\n\r\n%s"
    try:
        store.delay = 9.0
        with socket.create_connection(("127.0.0.1", server.port), timeout=5) as client:
            asked = len(store.requests)
            client.sendall(request % (len(body), body))
            while len(store.requests) == asked:  # a worker has begun with it
                time.sleep(0.01)
            for child in psutil.Process(server.process.pid).children():
                if "serve" in child.cmdline():
                    child.kill()
            time.sleep(0.5)  # it has been refused, and not been read yet
            for part in (b"POST /invocations HTTP/1.1\r\n", b"content-length: 2\r\n\r\n", b"{}"):
                client.sendall(part)  # after a reset the second would fail
                time.sleep(0.1)
            answer = client.recv(65_536)
            assert answer.startswith(b"HTTP/1.1 503 ")
            assert b"retry-after: 1\r\n" in answer.lower()
            assert client.recv(65_536) == b""
        store.delay = 0.0
        assert server.request("POST", "/invocations", body)[0] == 200
    finally:
        store.delay = 0.0
        server.stop()


def test_nothing_is_put_into_an_answer_that_a_worker_had_begun_to_send(
    bundle_dir: Path, store: Store
) -> None:
    """Megabytes that the client does not read: the worker has sent a part of them when it dies."""
    server = Server(bundle_dir, store.url, {"FRAUDLINE_WORKERS": "1"}).start()
    batch = json.dumps([GOOD | {"transaction_id": f"t-{number}"} for number in range(8_000)]).encode()
    head = "POST /invocations HTTP/1.1\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\r\n"
    try:
        with socket.socket() as client:
            client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
            client.settimeout(60)
            client.connect(("127.0.0.1", server.port))
            client.sendall(head.format(len(batch)).encode() + batch)
            received = client.recv(4096)
            assert received.startswith(b"HTTP/1.1 200 ")
            for child in psutil.Process(server.process.pid).children():
                if "serve" in child.cmdline():
                    child.kill()
            time.sleep(0.5)
            while part := client.recv(1 << 20):
                received += part
        announced = int(received.split(b"content-length: ")[1].split(b"\r\n")[0])
        assert len(received.partition(b"\r\n\r\n")[2]) < announced
        assert received.count(b"HTTP/1.1 ") == 1
    finally:
        server.stop()
