"""Runs one invocation of a function in a child process, with its time limit and its log."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from uuid import uuid4

from moto.logs.exceptions import ResourceAlreadyExistsException, ResourceNotFoundException
from moto.logs.models import LogsBackend, logs_backends

from mirror.api import Context
from mirror.documents import utcnow
from mirror.functions.code import Function, exists, unpack

_BOOTSTRAP = Path(__file__).with_name("bootstrap.py")
_MAX_EVENT = 262_118  # bytes of one log event; CloudWatch refuses longer ones


@dataclass(frozen=True, slots=True)
class Result:
    """What an invocation answered: JSON text, and the kind of error if it failed."""

    request_id: str
    payload: str
    error: str | None
    log: str


def run(ctx: Context, function: Function, event: str) -> Result:
    """Run the handler with `event`, which is JSON text; blocks for at most the function's timeout."""
    request_id = str(uuid4())
    home = ctx.cloud.state_dir / "functions"
    stream = f"{utcnow():%Y/%m/%d}/[$LATEST]{uuid4().hex}"
    work = home / "run" / request_id
    work.mkdir(parents=True)
    try:
        code = unpack(function, home / "code")
        (work / "event.json").write_text(event)
        (work / "tmp").mkdir()
        started = time.monotonic()
        process = ctx.cloud.processes.start(
            f"function-{function.name}",
            [
                sys.executable,
                str(_BOOTSTRAP),
                str(work / "event.json"),
                str(work / "result.json"),
                str(time.time() + function.timeout),
            ],
            env=_environ(ctx, function, request_id, stream, code, work / "tmp"),
            cwd=code,
            log=work / "log",
        )
        timed_out = False
        try:
            process.wait(function.timeout)
        except subprocess.TimeoutExpired:
            timed_out = True
            ctx.cloud.processes.stop(process, grace=0.2)
        duration = time.monotonic() - started
        answer = _answer(work / "result.json", function, request_id, timed_out, process.returncode)
        output = (work / "log").read_text(errors="replace")
    finally:
        shutil.rmtree(work, ignore_errors=True)
    lines = [
        f"START RequestId: {request_id} Version: $LATEST",
        *output.splitlines(),
        *([answer["log"]] if "log" in answer else []),
        f"END RequestId: {request_id}",
        f"REPORT RequestId: {request_id}\tDuration: {duration * 1000:.2f} ms\t"
        f"Memory Size: {function.memory_mb} MB",
    ]
    _write_log(ctx, function, stream, lines)
    return Result(request_id, answer["payload"], answer.get("error"), "\n".join(lines))


def _environ(
    ctx: Context, function: Function, request_id: str, stream: str, code: Path, temporary: Path
) -> dict[str, str]:
    return (
        {
            "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ.get('PATH', os.defpath)}",
            "LANG": "en_US.UTF-8",
            "TZ": ":UTC",
            "TMPDIR": str(temporary),
            "PYTHONDONTWRITEBYTECODE": "1",
        }
        | function.environment
        | ctx.cloud.environ(ctx.region)
        | {
            "_HANDLER": function.handler,
            "AWS_EXECUTION_ENV": f"AWS_Lambda_{function.runtime}",
            "AWS_LAMBDA_FUNCTION_NAME": function.name,
            "AWS_LAMBDA_FUNCTION_VERSION": "$LATEST",
            "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": str(function.memory_mb),
            "AWS_LAMBDA_LOG_GROUP_NAME": function.log_group,
            "AWS_LAMBDA_LOG_STREAM_NAME": stream,
            "FRAUDLINE_FUNCTION_ARN": function.arn,
            "FRAUDLINE_REQUEST_ID": request_id,
            "LAMBDA_TASK_ROOT": str(code),
        }
    )


def _answer(
    result_file: Path, function: Function, request_id: str, timed_out: bool, code: int | None
) -> dict[str, str]:
    if result_file.exists() and not timed_out:
        answer: dict[str, str] = json.loads(result_file.read_text())
        return answer
    if timed_out:
        kind, message = "Sandbox.Timedout", f"Task timed out after {function.timeout:.2f} seconds"
    else:
        kind, message = "Runtime.ExitError", f"Runtime exited with error: exit status {code}"
    text = f"RequestId: {request_id} Error: {message}"
    return {
        "error": "Unhandled",
        "payload": json.dumps({"errorType": kind, "errorMessage": text}),
        "log": text,
    }


def _write_log(ctx: Context, function: Function, stream: str, lines: list[str]) -> None:
    backend: LogsBackend = logs_backends[ctx.account][ctx.region]
    group = function.log_group
    # The log of a function that was deleted while it ran goes only where a group still is: a stack that
    # deletes both must not find the group again.
    if exists(ctx, function.name):
        with contextlib.suppress(ResourceAlreadyExistsException):
            backend.create_log_group(group, {})
    now = int(time.time() * 1000)
    events = [{"timestamp": now, "message": line[:_MAX_EVENT] or " "} for line in lines]
    with contextlib.suppress(ResourceNotFoundException):
        backend.create_log_stream(group, stream)
        backend.put_log_events(group, stream, events)
