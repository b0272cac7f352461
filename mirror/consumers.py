"""Keeps a stream consumer running for every deployed environment.

A child process that exists for as long as the environment's raw stream does, and no Flink
application processes that stream instead.
"""

from __future__ import annotations

import contextlib
import logging
import os
import re
import shutil
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from feature_groups.names import Names
from mirror.analytics.service import served
from mirror.api import Context, call
from mirror.cloud import Cloud

_log = logging.getLogger(__name__)
_RAW_STREAM = re.compile(r"fraudline-(?P<environment>[a-z][a-z0-9-]{0,15})-transactions-raw")
_POLL_S = 0.5
FIRST_BACKOFF_S, LAST_BACKOFF_S = 0.5, 30.0
_HEALTHY_AFTER_S = 30.0
_GRACE_S = 10.0
# What the consumer may inherit from the mirror's own environment.
_INHERITED = (
    "PATH",
    "HOME",
    "LANG",
    "TMPDIR",
    "FRAUDLINE_BATCH_SIZE",
    "FRAUDLINE_FEATURE_BACKEND",
    "FRAUDLINE_KERNEL",
    "FRAUDLINE_LMDB_PATH",
    "FRAUDLINE_REDIS_URL",
    "FRAUDLINE_REPLAY",
    "FRAUDLINE_REQUIRE_KNOWN",
)


@dataclass
class _Consumer:
    """One environment's consumer: its process, and when it may be started again."""

    process: subprocess.Popen[bytes] | None = None
    started_at: float = 0.0
    not_before: float = 0.0
    backoff_s: float = FIRST_BACKOFF_S


@dataclass
class Supervisor:
    """Starts, restarts and stops consumers; `tick` does one round and is called by a thread.

    Args:
        deployed: names the environments whose raw stream exists.
        elsewhere: those whose stream something else processes.
    """

    cloud: Cloud
    deployed: Callable[[], Iterator[str]]
    elsewhere: Callable[[], set[str]] = set
    command: tuple[str, ...] = (sys.executable, "-m", "processing.stream")
    _consumers: dict[str, _Consumer] = field(default_factory=dict)
    _stopping: threading.Event = field(default_factory=threading.Event)
    _thread: threading.Thread | None = None

    def start(self) -> None:
        self._thread = threading.Thread(target=self._run, name="consumers", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        self._stopping.set()
        if self._thread is not None:
            self._thread.join()
        for environment in list(self._consumers):
            self._end(environment)

    def pid(self, environment: str) -> int | None:
        """Process id of an environment's consumer while it runs."""
        consumer = self._consumers.get(environment)
        process = consumer.process if consumer else None
        return process.pid if process is not None and process.poll() is None else None

    def tick(self, now: float) -> None:
        """Bring the processes in line with the deployed environments; `now` is monotonic seconds."""
        deployed = set(self.deployed())
        for environment in self._consumers.keys() - deployed:
            _log.info("the raw stream of %s is gone: its consumer stops", environment)
            self._end(environment)
            # Offsets into a deleted stream mean nothing to its successor.
            shutil.rmtree(self._state(environment), ignore_errors=True)
        elsewhere = self.elsewhere()
        for environment in self._consumers.keys() & elsewhere:
            _log.info("a Flink application processes the stream of %s: its consumer stops", environment)
            self._end(environment)
        for environment in sorted(deployed - elsewhere):
            self._tend(environment, self._consumers.setdefault(environment, _Consumer()), now)

    def _tend(self, environment: str, consumer: _Consumer, now: float) -> None:
        if consumer.process is not None:
            code = consumer.process.poll()
            if code is None:
                return
            lived = now - consumer.started_at
            consumer.backoff_s = (
                FIRST_BACKOFF_S if lived >= _HEALTHY_AFTER_S else min(consumer.backoff_s * 2, LAST_BACKOFF_S)
            )
            consumer.not_before = now + consumer.backoff_s
            consumer.process = None
            _log.warning(
                "the consumer of %s ended with %s after %.1f s; again in %.1f s, see %s",
                environment, code, lived, consumer.backoff_s, self._log_file(environment),
            )  # fmt: skip
        if now >= consumer.not_before:
            consumer.process = self._spawn(environment)
            consumer.started_at = now
            _log.info("started the consumer of %s, pid %s", environment, consumer.process.pid)

    def _spawn(self, environment: str) -> subprocess.Popen[bytes]:
        names, cloud = Names(environment), self.cloud
        state = self._state(environment)
        state.mkdir(parents=True, exist_ok=True)
        env = {name: os.environ[name] for name in _INHERITED if name in os.environ}
        env |= cloud.environ()
        env |= {
            "FRAUDLINE_ENVIRONMENT": environment,
            "FRAUDLINE_CONSUMER_STATE": str(state),
            "FRAUDLINE_LAKE_BUCKET": names.lake_bucket(cloud.account, cloud.region),
            "OMP_NUM_THREADS": "1",
        }
        return cloud.processes.start(f"consumer-{environment}", self.command, env=env)

    def _end(self, environment: str) -> None:
        consumer = self._consumers.pop(environment)
        if consumer.process is not None:
            self.cloud.processes.stop(consumer.process, _GRACE_S)

    def _state(self, environment: str) -> Path:
        return self.cloud.state_dir / "consumers" / environment

    def _log_file(self, environment: str) -> Path:
        return self.cloud.processes.log_dir / f"consumer-{environment}.log"

    def _run(self) -> None:
        while not self._stopping.wait(_POLL_S):
            try:
                self.tick(time.monotonic())
            except Exception:
                _log.exception("consumers could not be tended; trying again")


def deployed_environments(cloud: Cloud) -> Iterator[str]:
    """Environments whose raw stream exists in the mirror's default region."""
    context = Context(cloud, cloud.region)
    token: dict[str, str] = {}
    while True:
        page = call(context, "kinesis", "ListStreams", token)
        for name in page["StreamNames"]:
            if match := _RAW_STREAM.fullmatch(name):
                yield match["environment"]
        if not page["HasMoreStreams"]:
            return
        token = {"ExclusiveStartStreamName": page["StreamNames"][-1]}


_supervisors: dict[Path, Supervisor] = {}


def start(cloud: Cloud) -> None:
    """Begin to watch for deployed environments."""
    supervisor = Supervisor(cloud, lambda: deployed_environments(cloud), lambda: served(cloud))
    _supervisors[cloud.state_dir] = supervisor
    supervisor.start()


def stop(cloud: Cloud) -> None:
    """Stop every consumer; each finishes the batch it is working on."""
    with contextlib.suppress(KeyError):
        _supervisors.pop(cloud.state_dir).stop()
