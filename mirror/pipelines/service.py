"""The executions that run in each mirror, and what became of them when it ended."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path

from mirror.api import Context
from mirror.cloud import Cloud
from mirror.documents import utcnow
from mirror.jobs import service as jobs
from mirror.pipelines import progress, store
from mirror.pipelines.execution import Execution

WORKERS = 2
INTERRUPTED = (
    "InternalServerError: the mirror was stopped while this execution ran; "
    "continue it from its failed steps with RetryPipelineExecution"
)


@dataclass(frozen=True, slots=True)
class _Running:
    ctx: Context
    thread: threading.Thread
    stop: threading.Event = field(default_factory=threading.Event)


class Executor:
    """Runs executions side by side; their steps share `WORKERS` workers."""

    def __init__(self) -> None:
        self._pool = ThreadPoolExecutor(WORKERS, thread_name_prefix="step")
        self._running: dict[str, _Running] = {}
        self._lock = threading.Lock()

    def submit(self, ctx: Context, arn: str) -> None:
        """Start a stored execution."""
        stop = threading.Event()
        execution = Execution(ctx, arn, self._pool, stop)
        thread = threading.Thread(
            target=self._run, args=(execution, arn), name=f"execution {arn}", daemon=True
        )
        with self._lock:
            self._running[arn] = _Running(ctx, thread, stop)
        thread.start()

    def stop(self, arn: str) -> None:
        """Tell an execution to stop; without effect when it has ended."""
        with self._lock:
            found = self._running.get(arn)
        if found is not None:
            found.stop.set()

    def close(self) -> None:
        """Interrupt every execution and store that it was interrupted, not stopped by its owner."""
        with self._lock:
            running = dict(self._running)
        for one in running.values():
            one.stop.set()
        for arn, one in running.items():
            one.thread.join()
            if store.get_execution(one.ctx, arn)["PipelineExecutionStatus"] == "Stopped":
                progress.finish(one.ctx, arn, "Failed", INTERRUPTED)
        self._pool.shutdown(wait=True)

    def _run(self, execution: Execution, arn: str) -> None:
        try:
            execution.run()
        finally:
            with self._lock:
                # A retry may have taken the place since the final status was stored.
                if self._running[arn].thread is threading.current_thread():
                    del self._running[arn]


_executors: dict[Path, Executor] = {}
_executors_lock = threading.Lock()


def executor(cloud: Cloud) -> Executor:
    """The executor of `cloud`, made on first use."""
    with _executors_lock:
        found = _executors.get(cloud.state_dir)
        if found is None:
            found = _executors[cloud.state_dir] = Executor()
        return found


def start(cloud: Cloud) -> None:
    """Mark what a killed mirror left running as Failed, so that it can be retried."""
    jobs.start(cloud)
    for region in jobs.regions():
        ctx = Context(cloud, region)
        for key, step in store.steps(ctx).items(region):
            if step["StepStatus"] not in ("Succeeded", "Failed", "Stopped"):
                fields = {"StepStatus": "Failed", "EndTime": utcnow(), "FailureReason": INTERRUPTED}
                store.steps(ctx).put(region, key, {**step, **fields})
        for execution in store.executions(ctx).values(region):
            if execution["PipelineExecutionStatus"] in store.RUNNING:
                progress.finish(ctx, execution["PipelineExecutionArn"], "Failed", INTERRUPTED)


def stop(cloud: Cloud) -> None:
    """Interrupt the executions of `cloud`, then its jobs."""
    with _executors_lock:
        found = _executors.pop(cloud.state_dir, None)
    if found is not None:
        found.close()
    jobs.stop(cloud)
