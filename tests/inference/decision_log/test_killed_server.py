"""A whole server is killed under load, again and again: whatever it answered is in every sink."""

from __future__ import annotations

import http.client
import json
import threading
import time
from pathlib import Path
from typing import Any

import psutil
import pyarrow.dataset as ds
import pytest
from click.testing import CliRunner

from fraudline import main
from tests.inference.decision_log.postgres import Postgres, rows
from tests.inference.decision_log.sinks import empty, eventually
from tests.inference.running import GOOD, Server, Store

_CLIENTS, _ROUNDS = 4, 5


class Load:
    """Clients that ask until they are stopped.

    Attributes:
        answers: by decision id.
    """

    def __init__(self, port: int, tag: str) -> None:
        self.answers: dict[str, dict[str, Any]] = {}
        self._port, self._tag = port, tag
        self._stop = threading.Event()
        self._threads = [threading.Thread(target=self._run, args=(n,)) for n in range(_CLIENTS)]
        for thread in self._threads:
            thread.start()

    def stop(self) -> None:
        self._stop.set()
        for thread in self._threads:
            thread.join()

    def _run(self, client: int) -> None:
        connection = http.client.HTTPConnection("127.0.0.1", self._port, timeout=10)
        number = 0
        while not self._stop.is_set():
            number += 1
            body = json.dumps(GOOD | {"transaction_id": f"{self._tag}-{client}-{number}"})
            try:
                connection.request("POST", "/invocations", body, {"Content-Type": "application/json"})
                response = connection.getresponse()
                answer = json.loads(response.read())
            except (OSError, http.client.HTTPException, ValueError):
                connection.close()
                time.sleep(0.01)
                continue
            if response.status == 200:
                self.answers[answer["decision_id"]] = answer
        connection.close()


def kill(server: Server) -> None:
    """Supervisor, workers and shipper at once, with SIGKILL."""
    parent = psutil.Process(server.process.pid)
    for process in [*parent.children(recursive=True), parent]:
        process.kill()
    server.process.communicate()


@pytest.mark.drill
def test_every_answer_of_a_killed_server_is_in_every_sink(
    bundle_dir: Path, store: Store, postgres: Postgres, tmp_path: Path
) -> None:
    dsn, audit = postgres.database(), tmp_path / "audit"
    extra = {
        "FRAUDLINE_POSTGRES_DSN": dsn, "FRAUDLINE_AUDIT_URI": str(audit), "FRAUDLINE_AUDIT_FLUSH_S": "2",
        "FRAUDLINE_WORKERS": "2",
    }  # fmt: skip
    server = Server(bundle_dir, store.url, extra)
    answers: dict[str, dict[str, Any]] = {}
    for number in range(_ROUNDS):
        server.start()
        load = Load(server.port, f"r{number}")
        time.sleep(2.5)
        kill(server)
        load.stop()
        assert load.answers
        answers |= load.answers
    server.start()
    eventually(lambda: empty(server.spool), 60)
    assert server.stop() == 0
    print(f"{len(answers)} answers")

    delivered = {row[0]: row[1:] for row in rows(dsn, "SELECT decision_id, decision FROM decisions")}
    audited = ds.dataset(audit, format="parquet").to_table(columns=["decision_id"])["decision_id"].to_pylist()
    streamed = {record["decision_id"]: record for record in store.predictions}
    assert len(audited) == len(set(audited))
    for decision_id, answer in answers.items():
        assert delivered[decision_id] == (answer["decision"],)
        assert streamed[decision_id]["transaction_id"] == answer["transaction_id"]
    assert set(answers) <= set(audited)

    last = list(answers.values())[-1]
    shown = CliRunner().invoke(main, ["explain", last["decision_id"], "--audit", str(audit), "--json"])
    (found,) = json.loads(shown.stdout)
    assert found["fraud_probability"] == last["score"]
    assert [reason["text"] for reason in found["reasons"]] == [one["text"] for one in last["reasons"]]
    assert len(found["contributions"]) == 50
