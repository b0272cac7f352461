"""The real cdk command line deploys the app to the mirror."""

from __future__ import annotations

import os
import re
import subprocess
import sys

from mirror.demo.bureau import SIGNALS_FILE
from mirror.demo.run import PROJECT, DemoError, Run

# The lines of cdk's output that tell a story; all of it is in the log.
_TOLD = re.compile(r"^\s*(✅|❌|✨|⏳|.*: deploying|.*(failed|Error):)")
_TAIL = 12


def deploy(run: Run) -> None:
    """``cdk bootstrap`` and ``cdk deploy --all``, as on AWS, with the mirror's address.

    Raises:
        DemoError: the cdk failed; the message quotes the end of its output.
    """
    log = run.folder / "deploy.log"
    state_dir = run.options.state_dir.resolve()
    command = [
        sys.executable, "-m", "fraudline", "cdk", "--state-dir", str(state_dir),
        "deploy", "--all", "--method", "direct", "--concurrency", "4", "--progress", "events", "--no-color",
    ]  # fmt: skip
    run.screen.line(f"[dim]cdk deploy --all  (log: {log})[/]")
    environ = {
        **os.environ,
        "FRAUDLINE_ENVIRONMENT": run.names.environment,
        # The data is older than the five minutes that a live platform accepts.
        "FRAUDLINE_REPLAY": "1",
        "FRAUDLINE_SIGNALS_FILE": SIGNALS_FILE,
    }
    lines: list[str] = []
    with (
        log.open("w", encoding="utf-8") as file,
        subprocess.Popen(
            command,
            cwd=PROJECT,
            env=environ,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        ) as process,
    ):
        for text in process.stdout or ():
            file.write(text)
            lines.append(text.rstrip())
            if _TOLD.match(text):
                run.screen.line(text.strip().replace("[", "\\["))
    if process.returncode:
        end = "\n".join(line for line in lines if line)[-2_000:].splitlines()[-_TAIL:]
        raise DemoError("cdk deploy failed:\n" + "\n".join(end), log)
