"""One execution of a pipeline, from its first ready step to its final status."""

from __future__ import annotations

import logging
import threading
import time
from concurrent.futures import FIRST_COMPLETED, Executor, Future, wait

from mirror.api import Context, Document
from mirror.jobs.records import shorten
from mirror.pipelines import caching, progress, store
from mirror.pipelines.definition import Definition, Step
from mirror.pipelines.errors import EvaluationError, StepFailed, StepStopped
from mirror.pipelines.expressions import evaluate
from mirror.pipelines.plan import Plan, State, own_arguments
from mirror.pipelines.retries import delay_for
from mirror.pipelines.scope import ExecutionScope
from mirror.pipelines.steps import RUN, StepCall, StepResult
from mirror.pipelines.steps.base import job_name
from mirror.pipelines.validation import load

_log = logging.getLogger(__name__)


class Execution:
    """Runs the steps of a stored execution on a shared pool of workers.

    Steps that succeeded before (the execution is being retried) are not run again. A failed step
    takes its dependents with it; independent steps still run, then the execution is Failed.
    """

    def __init__(self, ctx: Context, arn: str, pool: Executor, stop: threading.Event) -> None:
        self._ctx = ctx
        self._arn = arn
        self._pool = pool
        self._stop = stop
        document = store.get_execution(ctx, arn)
        self._definition: Definition = load(document["_Definition"])
        self._plan = Plan.of(self._definition)
        self._states: dict[str, State] = dict.fromkeys(self._plan.needs, "waiting")
        self._outcomes: dict[str, bool] = {}
        for step in store.step_documents(ctx, arn):
            if step["StepStatus"] == "Succeeded":
                self._states[step["StepName"]] = "succeeded"
                if step.get("_Outcome") is not None:
                    self._outcomes[step["StepName"]] = step["_Outcome"]

    def run(self) -> None:
        """Run to the end and store the final status; never raises."""
        try:
            self._run_steps()
        except Exception as error:
            _log.exception("execution %s", self._arn)
            progress.finish(self._ctx, self._arn, "Failed", f"InternalServerError: {error!r}")
            return
        lost = [name for name, state in self._states.items() if state == "failed"]
        if self._stop.is_set():
            progress.finish(self._ctx, self._arn, "Stopped", None)
        elif lost:
            reason = f"Step failure: One or multiple steps failed. ({', '.join(lost)})"
            progress.finish(self._ctx, self._arn, "Failed", reason)
        else:
            progress.finish(self._ctx, self._arn, "Succeeded", None)

    def _run_steps(self) -> None:
        running: dict[Future[State], str] = {}
        while True:
            decision = self._plan.decide(self._states, self._outcomes)
            self._states.update(dict.fromkeys(decision.skipped, "skipped"))
            for name in decision.ready:
                if not self._stop.is_set() and len(running) < self._limit():
                    self._states[name] = "running"
                    running[self._pool.submit(self._run_step, self._definition.steps[name])] = name
            if not running:
                return
            finished, _ = wait(running, return_when=FIRST_COMPLETED)
            for future in finished:
                self._states[running.pop(future)] = future.result()

    def _limit(self) -> int:
        configured = store.get_execution(self._ctx, self._arn).get("ParallelismConfiguration", {})
        return int(configured.get("MaxParallelExecutionSteps", len(self._states)))

    def _run_step(self, step: Step) -> State:
        """Run one step with its cache and its retries, on a worker thread."""
        if self._stop.is_set():
            return "waiting"
        execution = store.get_execution(self._ctx, self._arn)
        progress.start_step(self._ctx, execution, step)
        started = time.monotonic()
        retry = 0
        while True:
            try:
                result = self._attempt(step, execution)
            except StepStopped:
                progress.end_step(self._ctx, execution, step, "Stopped")
                return "stopped"
            except StepFailed as failure:
                retry += 1
                pause = delay_for(step.retries, failure.kind, retry, time.monotonic() - started)
                if pause is None:
                    progress.end_step(
                        self._ctx, execution, step, "Failed", FailureReason=shorten(failure.reason)
                    )
                    return "failed"
                if self._stop.wait(pause):
                    progress.end_step(self._ctx, execution, step, "Stopped")
                    return "stopped"
                progress.note_retry(self._ctx, execution, step)
            else:
                return self._succeed(step, execution, result)

    def _attempt(self, step: Step, execution: Document) -> StepResult:
        name = job_name(execution["_ExecutionId"], step.name)
        names = {f"{step.type}JobName": name} if step.type in ("Processing", "Training") else {}
        scope = ExecutionScope(self._ctx, execution, self._definition, names)
        try:
            arguments: Document = {} if step.type == "Condition" else evaluate(own_arguments(step), scope)
        except EvaluationError as error:
            raise StepFailed(f"ClientError: {error}") from error
        key = caching.cache_key(execution["_PipelineName"], step, arguments)
        if step.cache_seconds is not None and (kept := caching.find(self._ctx, key, step.cache_seconds)):
            hit = {"SourcePipelineExecutionArn": kept["SourcePipelineExecutionArn"]}
            progress.note_cache_hit(self._ctx, execution, step, hit)
            return StepResult(kept["Metadata"], kept["Properties"])
        call = StepCall(
            ctx=self._ctx,
            step=step,
            arguments=arguments,
            scope=scope,
            role=execution["RoleArn"],
            job_name=name,
            stop=self._stop,
            note=lambda metadata: progress.note_metadata(self._ctx, execution, step, metadata),
        )
        try:
            result = RUN[step.type](call)
        except (StepFailed, StepStopped):
            raise
        except Exception as error:
            _log.exception("step %s of %s", step.name, self._arn)
            raise StepFailed(f"InternalServerError: {error!r}", "Step.SERVICE_FAULT") from error
        if step.cache_seconds is not None:
            caching.keep(self._ctx, key, self._arn, result.metadata, result.properties)
        return result

    def _succeed(self, step: Step, execution: Document, result: StepResult) -> State:
        if result.outcome is not None:
            self._outcomes[step.name] = result.outcome
        progress.end_step(
            self._ctx,
            execution,
            step,
            "Succeeded",
            Metadata=result.metadata,
            _Properties=result.properties,
            _Outcome=result.outcome,
        )
        return "succeeded"
