"""Real server processes and a feature store on loopback, for the tests of the server."""

from __future__ import annotations

import base64
import hashlib
import json
import os
import socket
import subprocess
import sys
import tempfile
import threading
import time
import urllib.error
import urllib.request
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import numpy as np
import xgboost

from feature_groups import FEATURE_NAMES
from feature_groups.names import Names
from processing.events import Profile, Transaction
from processing.features import MerchantState, UserState, observe

NOW_MS = 1_772_368_496_789
GOOD: dict[str, Any] = {
    "transaction_id": "t-1",
    "user_id": "u-1",
    "merchant_id": "m-1",
    "amount": 123.45,
    "currency": "EUR",
    "timestamp": "2026-03-01T12:34:56.789Z",
    "location": {"lat": 48.85, "lon": 2.35},
    "country": "FR",
    "device": "phone",
    "channel": "online",
}


def write_bundle(directory: Path, *, seed: int = 0, trees: int = 20, scale: float = 1.0) -> Path:
    """A small real model, in the form that ``model.tar.gz`` is extracted to."""
    directory.mkdir(parents=True, exist_ok=True)
    rng = np.random.default_rng(seed)
    rows = rng.normal(size=(2000, len(FEATURE_NAMES))).astype(np.float32) * 3
    rows[rng.random(rows.shape) < 0.2] = np.nan
    first, second = (
        FEATURE_NAMES.index(name) for name in ("user_transaction_count_1h", "distance_from_home_km")
    )
    fraud = np.nan_to_num(rows[:, first]) * scale + np.nan_to_num(rows[:, second]) > 2
    booster = xgboost.train(
        {"objective": "binary:logistic", "max_depth": 5, "base_score": 0.5, "nthread": 1, "seed": seed},
        # Named features, as the training step has them: xgboost compares names where it can.
        xgboost.DMatrix(rows, label=fraud, feature_names=list(FEATURE_NAMES)),
        trees,
    )
    booster.save_model(directory / "model.ubj")
    manifest = {
        "feature_names": list(FEATURE_NAMES),
        "thresholds": {"review": 0.3, "decline": 0.8},
        "model_sha256": hashlib.sha256((directory / "model.ubj").read_bytes()).hexdigest(),
        "trained_at_as_of": "2026-03-01T00:00:00Z",
    }
    (directory / "bundle.json").write_text(json.dumps(manifest))
    return directory


def history() -> tuple[Profile, UserState, MerchantState]:
    """What is stored of `GOOD`'s user and merchant: seven purchases, the last one a minute ago."""
    user, merchant = UserState(), MerchantState()
    for minutes in (4000, 900, 50, 30, 20, 5, 1):
        earlier = Transaction(
            f"t-{minutes}", "u-1", "m-1", 1500 + minutes, "EUR", NOW_MS - minutes * 60_000, country="FR"
        )
        observe(earlier, user, merchant)
    return Profile(home_lat=43.3, home_lon=5.4, home_country="FR"), user, merchant


def stored_records() -> dict[str, Any]:
    """`history` as BatchGetRecord answers it."""
    profile, user, merchant = history()
    when = "2026-03-01T12:33:56.789Z"
    values: dict[str, dict[str, str]] = {
        "user-profile": {
            "event_time": "2025-01-01T00:00:00Z",
            "home_lat": str(profile.home_lat),
            "home_lon": str(profile.home_lon),
            "home_country": str(profile.home_country),
        },
        "user-activity": {"event_time": when, "state": base64.b64encode(user.encode()).decode()},
        "merchant": {"event_time": when, "state": base64.b64encode(merchant.encode()).decode()},
    }
    records = [
        {
            "FeatureGroupName": Names().feature_group(group),
            "RecordIdentifierValueAsString": "id",
            "Record": [{"FeatureName": name, "ValueAsString": value} for name, value in columns.items()],
        }
        for group, columns in values.items()
    ]
    return {"Records": records, "Errors": [], "UnprocessedIdentifiers": []}


class _Quiet(ThreadingHTTPServer):
    def handle_error(self, request: Any, client_address: Any) -> None:
        """The client has gone, as it may when it was kept waiting."""


class Store:
    """A feature store that answers what it is told to, so that it can also break.

    Attributes:
        predictions: records of the stream beside it, in the order in which they came.
        stream_refuses: calls of ``PutRecords`` that fail before one succeeds.
    """

    def __init__(self) -> None:
        self.predictions: list[dict[str, Any]] = []
        self.stream_refuses = 0
        self.status = 200
        self.answer: dict[str, Any] = stored_records()
        self.delay = 0.0
        self.requests: list[dict[str, Any]] = []
        store = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            disable_nagle_algorithm = True  # head and body are two packets: the second would wait 40 ms

            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["content-length"]))
                if self.headers.get("x-amz-target", "").startswith("Kinesis"):
                    self._reply(*store.take(json.loads(body)))
                    return
                if b'"warm-up"' not in body:  # a worker that starts, also the one in reserve
                    store.requests.append(json.loads(body))
                time.sleep(store.delay)
                self._reply(store.status, store.answer)

            def _reply(self, status: int, document: dict[str, Any]) -> None:
                answer = json.dumps(document).encode()
                self.send_response(status)
                self.send_header("content-type", "application/json")
                self.send_header("content-length", str(len(answer)))
                self.end_headers()
                self.wfile.write(answer)

            def log_message(self, format: str, *args: Any) -> None:
                pass

        self._server = _Quiet(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def take(self, call: dict[str, Any]) -> tuple[int, dict[str, Any]]:
        """What the stream answers to ``PutRecords``."""
        if self.stream_refuses:
            self.stream_refuses -= 1
            return 500, {"__type": "InternalFailure", "message": "broken"}
        assert call["StreamName"] == Names().stream("model-predictions")
        taken = [json.loads(base64.b64decode(record["Data"])) for record in call["Records"]]
        self.predictions += taken
        ids = [{"SequenceNumber": str(n), "ShardId": "shardId-0"} for n in range(len(taken))]
        return 200, {"FailedRecordCount": 0, "Records": ids}

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._server.server_address[1]}"

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()


@dataclass
class Server:
    """``python -m inference serve`` on a free port.

    Attributes:
        prefix: words before the command.
    """

    model_dir: Path
    store_url: str
    extra: dict[str, str] = field(default_factory=dict)
    output: str = ""
    prefix: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        # Of its own: another server's shipper would deliver what this one wrote.
        self._spool = tempfile.TemporaryDirectory(prefix="spool-")

    @property
    def spool(self) -> Path:
        """Where it records decisions."""
        return Path(self._spool.name)

    def launch(self) -> subprocess.Popen[str]:
        """Start the process without waiting for anything."""
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = int(probe.getsockname()[1])
        env = {
            "PATH": os.environ["PATH"],
            "AWS_ENDPOINT_URL": self.store_url,
            "AWS_ACCESS_KEY_ID": "test",
            "AWS_SECRET_ACCESS_KEY": "test",
            "AWS_DEFAULT_REGION": "us-east-1",
            "SM_MODEL_DIR": str(self.model_dir),
            "SAGEMAKER_BIND_TO_PORT": str(self.port),
            "FRAUDLINE_BIND_HOST": "127.0.0.1",
            "FRAUDLINE_MODEL_VERSION": "7",
            "FRAUDLINE_REPLAY": "1",
            "FRAUDLINE_READ_BUDGET_MS": "500",
            "FRAUDLINE_DECISION_BUDGET_MS": "60000",  # of a machine that is busy with other tests
            "FRAUDLINE_WORKERS": "1",
            "FRAUDLINE_SPOOL_DIR": self._spool.name,
        }
        self.process = subprocess.Popen(
            [*self.prefix, sys.executable, "-m", "inference", "serve"],
            env=env | self.extra,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        return self.process

    def start(self) -> Server:
        self.launch()
        deadline = time.monotonic() + 60
        while self.process.poll() is None and time.monotonic() < deadline:
            try:
                if self.request("GET", "/ping")[0] == 200:
                    return self
            except OSError:
                time.sleep(0.05)
        raise AssertionError(self.process.communicate()[0])

    def stop(self) -> int:
        """SIGTERM; keeps what it wrote in `output`."""
        if self.process.poll() is None:
            self.process.terminate()
        self.output = self.process.communicate(timeout=40)[0]
        return self.process.returncode

    def request(
        self, method: str, path: str, body: bytes | None = None, content_type: str | None = "application/json"
    ) -> tuple[int, Any]:
        """Status and decoded body."""
        request = urllib.request.Request(f"http://127.0.0.1:{self.port}{path}", body, method=method)
        if body is not None:
            request.add_header("content-type", content_type or "")
        try:
            with urllib.request.urlopen(request, timeout=30) as response:
                status, raw = response.status, response.read()
        except urllib.error.HTTPError as error:
            status, raw = error.code, error.read()
        return status, json.loads(raw) if raw else None

    def decide(self, **changes: Any) -> dict[str, Any]:
        """The answer for `GOOD` with some fields changed."""
        status, answer = self.request("POST", "/invocations", json.dumps(GOOD | changes).encode())
        assert status == 200, answer
        assert isinstance(answer, dict)
        return answer
