"""One server process of an endpoint: started, health-checked, restarted when it dies."""

from __future__ import annotations

import contextlib
import http.client
import logging
import os
import socket
import subprocess
import sys
import threading
import time
from dataclasses import dataclass
from pathlib import Path

from mirror.api import ServiceError
from mirror.cloud import Cloud
from mirror.docker.images import resolve
from mirror.endpoints.targets import Target
from mirror.jobs.logs import LogStream
from mirror.monitoring.watch import watch

_PING_TIMEOUT_S = 2.0  # as SageMaker's
_PING_EVERY_S = 5.0
_PINGS_MISSED = 6  # about half a minute without an answer: the process hangs
_FIRST_DELAY_S, _LONGEST_DELAY_S, _STABLE_S = 0.1, 10.0, 60.0
_DRAIN_S = 35.0

log = logging.getLogger(__name__)


class ContainerFailedError(Exception):
    """The container never became healthy; the message is for FailureReason."""


@dataclass(frozen=True, slots=True)
class ContainerSpec:
    """What to run, and under which names its logs are found."""

    region: str
    endpoint: str
    variant: str
    number: str
    image: str
    environment: dict[str, str]
    model_dir: Path
    startup_timeout: float
    multi_model: bool = False
    sleeps: bool = False
    """Nothing runs while nobody asks; a first start shows that it would."""

    @property
    def log_group(self) -> str:
        return f"/aws/sagemaker/Endpoints/{self.endpoint}"

    @property
    def log_stream(self) -> str:
        return f"{self.variant}/i-{self.number}"


class Container:
    """Keeps one process of an image running until `stop`; its address is in `target`."""

    def __init__(self, cloud: Cloud, spec: ContainerSpec) -> None:
        self._cloud = cloud
        self._spec = spec
        self.target = Target(spec.log_stream)
        self._stopping = threading.Event()
        self._decided = threading.Event()
        self._failure: str | None = None
        self._asleep = False
        self._process: subprocess.Popen[bytes] | None = None
        self._thread = threading.Thread(
            target=self._supervise, name=f"{spec.endpoint}/{spec.log_stream}", daemon=True
        )

    def start(self) -> None:
        """Start the process; `wait_healthy` tells how it went."""
        self._thread.start()

    def wait_healthy(self) -> None:
        """Return when ``/ping`` answered 200.

        Raises:
            ContainerFailedError: it did not, within the startup timeout, or the process ended.
        """
        self._decided.wait()
        if self._failure is not None:
            raise ContainerFailedError(self._failure)

    def stop(self) -> None:
        """SIGTERM, time to drain, SIGKILL. Idempotent; returns when the process is gone."""
        self._stopping.set()
        self.target.wanted.set()
        self.target.port = None
        process = self._process
        if process is not None and process.poll() is None:
            self._cloud.processes.stop(process, grace=_DRAIN_S)
        if self._thread.is_alive():
            self._thread.join()

    def _supervise(self) -> None:
        try:
            source = self._log_file()
            with LogStream(
                self._cloud.account,
                self._spec.region,
                self._spec.log_group,
                self._spec.log_stream,
                source,
                lambda line: watch(self._cloud).line(self._spec.region, line),
            ) as stream:
                self._run(stream, source)
        except Exception as error:
            self._fail(str(error))
            log.exception("supervising %s ended", self._spec.log_stream)
        finally:
            self.target.port = None
            self._decided.set()

    def _run(self, stream: LogStream, source: Path) -> None:
        delay = _FIRST_DELAY_S
        while not self._stopping.is_set():
            started = time.monotonic()
            port = _free_port()
            try:
                argv, env, cwd = self._command(port)
                self._process = self._cloud.processes.start("endpoint", argv, env=env, cwd=cwd, log=source)
            except (ServiceError, OSError) as error:
                self._fail(f"The container image could not be started: {error}")
                return
            if self._stopping.is_set():  # `stop` may have looked before there was a process
                self._cloud.processes.stop(self._process)
                return
            if self._becomes_healthy(self._process, port, started, stream):
                self.target.wanted.clear()
                self.target.used_at = time.monotonic()
                self.target.started += 1
                self.target.port = port
                self._decided.set()
                self._watch(self._process, port, stream)
                self.target.port = None
            elif not self._decided.is_set():
                self._cloud.processes.stop(self._process)
                stream.drain()
                self._fail(self._unhealthy(stream))
                return
            stream.drain()
            if self._asleep:
                self._sleep()
                delay = _FIRST_DELAY_S
                continue
            if time.monotonic() - started > _STABLE_S:
                delay = _FIRST_DELAY_S
            self._stopping.wait(delay)
            delay = min(delay * 2, _LONGEST_DELAY_S)

    def _sleep(self) -> None:
        """Until somebody asks for this container, or it is stopped."""
        while not self._stopping.is_set() and not self.target.wanted.wait(0.5):
            pass
        self._asleep = False

    def _command(self, port: int) -> tuple[list[str], dict[str, str], Path | None]:
        """What ``docker run IMAGE serve`` would run, with the container's environment."""
        image = resolve(self._cloud, self._spec.image)
        if not image.entrypoint:
            raise ServiceError(
                "ValidationException",
                f"{self._spec.image} is one of SageMaker's own images: the mirror runs their jobs, but hosts "
                "only images with an ENTRYPOINT that were pushed to it",
            )
        spool = self._cloud.state_dir / "endpoints" / "decisions" / self._spec.endpoint / self._spec.variant
        path = f"{Path(sys.executable).parent}{os.pathsep}{os.defpath}"
        env = {
            "HOME": str(self._cloud.state_dir),
            "PYTHONUNBUFFERED": "1",
            **self._cloud.environ(self._spec.region),
            **image.env,
            **self._spec.environment,
            # The image's own paths do not exist here: its Python is ours, its root a directory.
            "PATH": path,
            **({} if image.root is None else {"PYTHONPATH": str(image.root)}),
            "SM_MODEL_DIR": str(self._spec.model_dir),
            **({"SAGEMAKER_MULTI_MODEL": "true"} if self._spec.multi_model else {}),
            "SAGEMAKER_BIND_TO_PORT": str(port),
            "FRAUDLINE_BIND_HOST": "127.0.0.1",
            # Not beside the model, which goes with its last container: the next one ships what is left.
            "FRAUDLINE_SPOOL_DIR": str(spool),
        }
        return [*image.entrypoint, "serve"], env, image.root

    def _becomes_healthy(
        self, process: subprocess.Popen[bytes], port: int, started: float, stream: LogStream
    ) -> bool:
        while process.poll() is None and not self._stopping.is_set():
            if _ping(port):
                return True
            if time.monotonic() - started > self._spec.startup_timeout:
                self._cloud.processes.stop(process)
                return False
            stream.drain()
            time.sleep(0.05)
        return False

    def _watch(self, process: subprocess.Popen[bytes], port: int, stream: LogStream) -> None:
        """Return when the process ended, by itself or because it hung."""
        missed = 0
        next_ping = time.monotonic() + _PING_EVERY_S
        while True:
            with contextlib.suppress(subprocess.TimeoutExpired):
                code = process.wait(0.5)
                if not self._stopping.is_set():
                    log.warning("%s: %s ended (%s)", self._spec.endpoint, self._spec.log_stream, code)
                return
            stream.drain()
            if self._idle():
                self._asleep = True
                self.target.port = None  # what comes now waits for the next start
                self._cloud.processes.stop(process, grace=_DRAIN_S)
                return
            if time.monotonic() < next_ping or self._stopping.is_set():
                continue
            missed = 0 if _ping(port) else missed + 1
            if missed >= _PINGS_MISSED:
                log.warning("%s: %s hangs", self._spec.endpoint, self._spec.log_stream)
                self._cloud.processes.stop(process)
            next_ping = time.monotonic() + _PING_EVERY_S

    def _idle(self) -> bool:
        target = self.target
        quiet_s = time.monotonic() - target.used_at
        return self._spec.sleeps and not target.in_flight and quiet_s > self._cloud.serverless_idle_s

    def _unhealthy(self, stream: LogStream) -> str:
        last = stream.last_lines[-1] if stream.last_lines else "it wrote nothing"
        return (
            f"The primary container for production variant {self._spec.variant} did not pass the ping "
            f"health check. Please check CloudWatch logs for this endpoint. Its last line: {last[:500]}"
        )

    def _fail(self, reason: str) -> None:
        if not self._decided.is_set():
            self._failure = reason
            self._decided.set()

    def _log_file(self) -> Path:
        spec = self._spec
        path = self._cloud.processes.log_dir / "endpoints" / spec.endpoint / f"{spec.number}.log"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()
        return path


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def _ping(port: int) -> bool:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=_PING_TIMEOUT_S)
    try:
        connection.request("GET", "/ping")
        return connection.getresponse().status == 200
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()
