"""A standalone Flink cluster: one job manager and one task manager, each a process that can be killed."""

from __future__ import annotations

import os
import re
import signal
import socket
import subprocess
import time
from collections.abc import Mapping
from pathlib import Path

from processing.engines.flink.environment import JAR, ROOT, python, site_packages

_CONFIGURATION = """
jobmanager.rpc.address: 127.0.0.1
jobmanager.rpc.port: {rpc}
jobmanager.bind-host: 127.0.0.1
jobmanager.memory.process.size: 1000m
rest.address: 127.0.0.1
rest.bind-address: 127.0.0.1
rest.port: {rest}
taskmanager.host: 127.0.0.1
taskmanager.bind-host: 127.0.0.1
taskmanager.numberOfTaskSlots: 1
taskmanager.memory.process.size: 1800m
heartbeat.interval: 1000
heartbeat.timeout: 8000
restart-strategy.type: fixed-delay
restart-strategy.fixed-delay.attempts: 1000000
restart-strategy.fixed-delay.delay: 500ms
state.backend.type: rocksdb
execution.checkpointing.interval: 1000 ms
execution.checkpointing.mode: EXACTLY_ONCE
execution.checkpointing.dir: {checkpoints}
execution.checkpointing.incremental: true
env.java.opts.all: {options}
"""


class Cluster:
    """The processes; `environ` is what the job sees."""

    def __init__(self, folder: Path, environ: Mapping[str, str]) -> None:
        self._home, self.folder = site_packages() / "pyflink", folder
        self.rest = _free_port()
        conf = folder / "conf"
        conf.mkdir(parents=True)
        options = re.search(r"all: (--.*)", (self._home / "conf/config.yaml").read_text())
        assert options is not None
        text = _CONFIGURATION.format(
            rpc=_free_port(),
            rest=self.rest,
            checkpoints=(folder / "checkpoints").as_uri(),
            options=options[1],
        )
        (conf / "config.yaml").write_text(text)
        for name in ("log4j-console.properties", "log4j-cli.properties"):
            (conf / name).write_text((self._home / "conf" / name).read_text())
        self._environ = {**environ, "FLINK_CONF_DIR": str(conf), "FLINK_LOG_DIR": str(folder / "flink")}
        self._processes: dict[str, subprocess.Popen[bytes]] = {}

    @property
    def log(self) -> Path:
        return self.folder / "taskmanager.log"

    def start(self, kind: str) -> None:
        """Start the ``jobmanager`` or the ``taskmanager``."""
        with (self.folder / f"{kind}.log").open("ab") as log:
            self._processes[kind] = subprocess.Popen(
                [str(self._home / "bin" / f"{kind}.sh"), "start-foreground"],
                env=self._environ,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )

    def submit(self) -> None:
        """Submit the stream job and let it run."""
        command = [
            str(self._home / "bin/flink"),
            "run",
            "--detached",
            "--jobmanager",
            f"127.0.0.1:{self.rest}",
        ]
        command += ["--pyExecutable", str(python()), "--pyClientExecutable", str(python())]
        command += ["--pyModule", "processing.engines.flink.main", "--pyFiles", str(ROOT / "feature_groups")]
        command += ["--jarfile", str(JAR)]
        for _ in range(30):
            done = subprocess.run(
                command, env=self._environ, capture_output=True, text=True, check=False, cwd=self.folder
            )
            if done.returncode == 0:
                return
            time.sleep(1)
        raise AssertionError(f"{done.stdout[-3000:]}\n{done.stderr[-3000:]}")

    def kill(self, kind: str) -> None:
        """SIGKILL: nothing gets a chance to clean up."""
        process = self._processes.pop(kind)
        os.killpg(process.pid, signal.SIGKILL)
        process.wait(30)

    def stop(self) -> None:
        for kind in list(self._processes):
            self.kill(kind)


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port: int = probe.getsockname()[1]
        return port
