"""Runs applications: one thread follows each from its start to its stop."""

from __future__ import annotations

import contextlib
import logging
import shutil
import subprocess
import threading
import time
from collections import deque
from collections.abc import Callable
from pathlib import Path
from typing import Any

from mirror.analytics import applications, cluster, code, history, rest
from mirror.api import Context, Document
from mirror.cloud import Cloud
from mirror.jobs.logs import LogStream
from processing.engines.job import EngineError

_log = logging.getLogger(__name__)
_POLL_S = 0.2
_START_LIMIT_S = 300.0
_SNAPSHOT_LIMIT_S = 60.0
_GRACE_S = 10.0
_FIRST_PAUSE_S, _LAST_PAUSE_S = 1.0, 60.0
_LINES = 20

Key = tuple[str, str]  # region, application name


class Runs:
    """The applications that run in one mirror."""

    def __init__(self, cloud: Cloud) -> None:
        self.cloud = cloud
        self._runs: dict[Key, Run] = {}
        self._lock = threading.Lock()

    def start(self, ctx: Context, name: str, operation: str | None) -> None:
        """Start an application whose status says that it is starting."""
        run = Run(ctx, name, operation)
        with self._lock:
            self._runs[ctx.region, name] = run
        run.start()

    def stop(self, ctx: Context, name: str, *, force: bool, then: Callable[[], None]) -> None:
        """End an application's processes in the background, with a snapshot unless forced; `then` follows."""
        with self._lock:
            run = self._runs.pop((ctx.region, name), None)

        def end() -> None:
            if run is not None:
                run.end(snapshot=not force)
            then()

        threading.Thread(target=end, name=f"stop-{name}", daemon=True).start()

    def close(self) -> None:
        """End every process; what ran runs again when the mirror is back."""
        with self._lock:
            runs = list(self._runs.values())
            self._runs.clear()
        for run in runs:
            run.end(snapshot=False)


class Run(threading.Thread):
    """One application on its way: launched, watched, and launched again when it dies.

    Args:
        operation: the StartApplication or UpdateApplication that it answers; None when the mirror
            itself brings it back.
    """

    def __init__(self, ctx: Context, name: str, operation: str | None) -> None:
        super().__init__(name=f"flink-{name}", daemon=True)
        self._ctx, self._application, self._operation = ctx, name, operation
        self._folder = folder(ctx, name)
        self._ending = threading.Event()  # it is not launched again
        self._killed = threading.Event()  # its process may go
        self._process: subprocess.Popen[bytes] | None = None
        self._url: str | None = None  # of Flink's REST interface
        self._job: str | None = None
        self._lines: deque[str] = deque(maxlen=_LINES)

    def run(self) -> None:
        """Keep the application running until `end`."""
        pause = _FIRST_PAUSE_S
        while not self._ending.is_set():
            try:
                self._once()
            except EngineError as error:
                self._fail(str(error))
                return
            except Exception as error:
                _log.exception("application %s", self._application)
                self._fail(f"{type(error).__name__}: {error}")
                return
            if self._operation is not None:  # it never came to run
                if not self._ending.is_set():
                    self._fail("\n".join(self._lines) or "the application ended without a word")
                return
            if not self._ending.is_set():
                _log.warning("application %s died; again in %.0f s", self._application, pause)
            self._ending.wait(pause)
            pause = min(2 * pause, _LAST_PAUSE_S)

    def end(self, *, snapshot: bool) -> None:
        """Stop the process, after a snapshot where one is wanted and the job runs."""
        self._ending.set()
        document = applications.collection(self._ctx).get(self._ctx.region, self._application)
        if snapshot and document and applications.snapshots(document):
            self._take_snapshot()
        self._killed.set()
        self.join()
        if self._operation is not None:
            history.cancel(self._ctx, self._application, self._operation)

    def _take_snapshot(self) -> None:
        """The mini-cluster ends with its job and tells nobody of the snapshot: look for it on the disk."""
        if self._process is None or self._url is None or self._job is None:
            return
        target = self._folder / "snapshots"
        before = cluster.newest_state(target)
        with contextlib.suppress(OSError, ValueError, subprocess.TimeoutExpired):
            rest.stop_with_snapshot(self._url, self._job, target.as_uri())
            self._process.wait(_SNAPSHOT_LIMIT_S)
        taken = cluster.newest_state(target)
        if taken in (None, before):
            _log.warning("application %s stops without a snapshot, at its last checkpoint", self._application)
            taken = cluster.newest_state(self._folder / "checkpoints")
        self._change(Restore=taken)

    def _once(self) -> None:
        """Launch the application and follow it until its process ends."""
        document = applications.get(self._ctx, self._application)
        self._job = self._url = None
        self._lines.clear()
        self._folder.mkdir(parents=True, exist_ok=True)
        launch = cluster.prepare(
            self._ctx.cloud, self._ctx.region, document,
            code.folder(self._ctx, document["Code"]), self._folder, self._restore(document),
        )  # fmt: skip
        output = self._folder / "application.log"
        output.write_bytes(b"")
        processes = self._ctx.cloud.processes
        self._process = processes.start(
            "flink", launch.command, env=launch.environ, cwd=launch.folder, log=output
        )
        with contextlib.ExitStack() as open_files:
            logs = [open_files.enter_context(stream) for stream in self._streams(document, output)]
            self._follow(output, logs)
        processes.stop(self._process, _GRACE_S)  # what it left behind in its group
        self._lines.extend(output.read_text(errors="replace").splitlines()[-_LINES:])

    def _follow(self, output: Path, logs: list[LogStream]) -> None:
        assert self._process is not None
        deadline = time.monotonic() + _START_LIMIT_S
        while self._process.poll() is None and not self._killed.wait(_POLL_S):
            for stream in logs:
                stream.drain()
            if self._job is not None:
                continue
            self._url = self._url or rest.address(output.read_text(errors="replace"))
            self._job = self._url and rest.running_job(self._url)
            if self._job is not None:
                self._running()
            elif time.monotonic() > deadline:
                self._ctx.cloud.processes.stop(self._process, _GRACE_S)

    def _running(self) -> None:
        if self._operation is not None:
            history.finish(self._ctx, self._application, self._operation)
            self._operation = None
        self._status("RUNNING")

    def _fail(self, reason: str) -> None:
        """The service has no status for it: the application is READY and the operation FAILED."""
        _log.error("application %s does not run: %s", self._application, reason)
        if self._operation is not None:
            history.finish(self._ctx, self._application, self._operation, reason)
        self._status("READY")

    def _status(self, status: str) -> None:
        if not self._ending.is_set():
            self._change(ApplicationStatus=status)

    def _change(self, **members: Any) -> None:
        applications.collection(self._ctx).update(
            self._ctx.region, self._application, lambda found: found.update(members)
        )

    def _restore(self, document: Document) -> str | None:
        """A start continues from the last snapshot, a restart after a death from the last checkpoint."""
        checkpoints = self._folder / "checkpoints"
        restore = document["RunConfiguration"].get("ApplicationRestoreConfiguration", {})
        skip = restore.get("ApplicationRestoreType") == "SKIP_RESTORE_FROM_SNAPSHOT"
        wanted = None if skip else document.get("Restore")
        if self._operation is None:
            return cluster.newest_state(checkpoints) or wanted
        if wanted is None or not wanted.startswith(checkpoints.as_uri()):
            shutil.rmtree(checkpoints, ignore_errors=True)  # of an earlier start: never to be returned to
        return wanted

    def _streams(self, document: Document, output: Path) -> list[LogStream]:
        streams = []
        for option in document["LoggingOptions"]:
            group, _, stream = option["LogStreamARN"].partition(":log-group:")[2].partition(":log-stream:")
            streams.append(
                LogStream(self._ctx.account, self._ctx.region, group, stream, output, lambda _line: None)
            )
        return streams


def folder(ctx: Context, name: str) -> Path:
    """Where an application's configuration, checkpoints, snapshots and output are."""
    return ctx.cloud.state_dir / "analytics" / ctx.region / name
