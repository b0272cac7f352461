"""Runs jobs: a worker thread per job takes it from its inputs to its final status."""

from __future__ import annotations

import logging
import shutil
import threading
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from mirror.api import Context, Document, ServiceError
from mirror.docker import images
from mirror.documents import utcnow
from mirror.jobs import records
from mirror.jobs.container import Container
from mirror.jobs.logs import LogStream
from mirror.jobs.processing import ProcessingWork
from mirror.jobs.records import PROCESSING, TRAINING, Kind
from mirror.jobs.supervision import Outcome, supervise
from mirror.jobs.training import TrainingWork
from mirror.jobs.work import JobError, Work

MAX_PARALLEL = 4
DEFAULT_LIMIT_SECONDS = 86_400  # SageMaker's own default
_WORK: Mapping[Kind, Callable[[], Work]] = {PROCESSING: ProcessingWork, TRAINING: TrainingWork}
_log = logging.getLogger(__name__)


class Runner:
    """The jobs that run in one mirror; at most `MAX_PARALLEL` at a time, the others wait."""

    def __init__(self) -> None:
        self._pool = ThreadPoolExecutor(MAX_PARALLEL, thread_name_prefix="job")
        self._stops: dict[tuple[Kind, str, str], threading.Event] = {}
        self._lock = threading.Lock()

    def submit(self, ctx: Context, kind: Kind, name: str) -> None:
        """Run a job that `records.create` has stored."""
        stop = threading.Event()
        with self._lock:
            self._stops[kind, ctx.region, name] = stop
        self._pool.submit(self._run, ctx, kind, name, stop)

    def stop(self, ctx: Context, kind: Kind, name: str) -> None:
        """Tell a running job to stop; without effect when it has ended."""
        with self._lock:
            event = self._stops.get((kind, ctx.region, name))
        if event is not None:
            event.set()

    def close(self) -> None:
        """Stop every job and wait for the workers."""
        with self._lock:
            events = list(self._stops.values())
        for event in events:
            event.set()
        self._pool.shutdown(wait=True)

    def _run(self, ctx: Context, kind: Kind, name: str, stop: threading.Event) -> None:
        folder = ctx.cloud.state_dir / "jobs" / ctx.region / kind.resource / name
        try:
            _Run(ctx, kind, name, folder, stop).run()
        except Exception:
            _log.exception("%s %s could not be recorded", kind.resource, name)
        finally:
            with self._lock:
                self._stops.pop((kind, ctx.region, name), None)
            shutil.rmtree(folder, ignore_errors=True)


@dataclass(frozen=True, slots=True)
class _Run:
    """One job on its way."""

    ctx: Context
    kind: Kind
    name: str
    folder: Path
    stop: threading.Event

    def run(self) -> None:
        """Run the job and store how it ended; never raises for a failure of the job itself."""
        work = _WORK[self.kind]()
        try:
            outcome, fields, message = self._execute(work)
        except (JobError, ServiceError) as error:
            self._end("Failed", FailureReason=records.shorten(f"ClientError: {error}"))
        except Exception as error:
            _log.exception("%s %s", self.kind.resource, self.name)
            self._end("Failed", FailureReason=records.shorten(f"InternalServerError: {error!r}"))
        else:
            if outcome.cause == "timeout":
                self._end("Stopped", secondary="MaxRuntimeExceeded", **fields)
            elif outcome.cause == "stopped":
                self._end("Stopped", **fields)
            elif outcome.succeeded:
                self._end("Completed", **fields)
            else:
                reason = records.shorten(outcome.failure(message))
                self._end("Failed", FailureReason=reason, **fields)

    def _execute(self, work: Work) -> tuple[Outcome, Document, str]:
        job = records.get(self.ctx, self.kind, self.name)
        if self.stop.is_set():  # before a worker was free
            return Outcome("stopped", 0), {}, ""
        self._phase("Downloading", started=True)
        ml = self.folder / "ml"
        ml.mkdir(parents=True, exist_ok=True)
        image = images.resolve(self.ctx.cloud, _image_uri(job))
        command = work.prepare(self.ctx, job, image, ml)
        container = Container.build(self.ctx.cloud, self.ctx.region, image, command, ml)
        self._phase("Training")
        outcome, last_lines = self._supervise(container, work, job)
        message = work.message(ml) or last_lines
        self._phase("Uploading")
        return outcome, work.finish(self.ctx, job, ml, outcome), message

    def _supervise(self, container: Container, work: Work, job: Document) -> tuple[Outcome, str]:
        log_file = self.folder / "output.log"
        log_file.touch()
        started = int(utcnow().timestamp())
        stream = LogStream(
            self.ctx.account,
            self.ctx.region,
            self.kind.log_group,
            f"{self.name}/algo-1-{started}",
            log_file,
            work.observe,
        )
        limit = job.get("StoppingCondition", {}).get("MaxRuntimeInSeconds", DEFAULT_LIMIT_SECONDS)
        processes = self.ctx.cloud.processes
        with stream:
            process = processes.start(
                self.name, container.argv, env=container.env, cwd=container.cwd, log=log_file
            )
            outcome = supervise(processes, process, stream, self.stop, limit)
        return outcome, "\n".join(stream.last_lines)

    def _phase(self, secondary: str, *, started: bool = False) -> None:
        fields: Document = {self.kind.start_field: utcnow()} if started else {}
        if self.kind is TRAINING:
            fields |= self._transition(secondary)
        if fields:
            records.update(self.ctx, self.kind, self.name, **fields)

    def _end(self, status: str, *, secondary: str | None = None, **fields: object) -> None:
        now = utcnow()
        if self.kind is TRAINING:
            fields |= self._transition(secondary or status)
            started = records.get(self.ctx, self.kind, self.name).get(self.kind.start_field, now)
            seconds = int((now - started).total_seconds())
            fields |= {"TrainingTimeInSeconds": seconds, "BillableTimeInSeconds": seconds}
        elif secondary:
            fields.setdefault("ExitMessage", secondary)
        fields |= {self.kind.status_field: status, self.kind.end_field: now}
        records.update(self.ctx, self.kind, self.name, **fields)

    def _transition(self, status: str) -> Document:
        job = records.get(self.ctx, self.kind, self.name)
        now = utcnow()
        past: list[Document] = job.get("SecondaryStatusTransitions", [])
        if past:
            past[-1]["EndTime"] = now
        return {
            "SecondaryStatus": status,
            "SecondaryStatusTransitions": [
                *past,
                {"Status": status, "StartTime": now, "StatusMessage": status},
            ],
        }


def _image_uri(job: Document) -> str:
    uri: str = (
        job["AppSpecification"]["ImageUri"]
        if "AppSpecification" in job
        else job["AlgorithmSpecification"]["TrainingImage"]
    )
    return uri
