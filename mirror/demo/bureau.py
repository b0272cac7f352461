"""The third party of the demonstration: a bureau that really answers over HTTP."""

from __future__ import annotations

import contextlib
import os
import sys
import time
from collections.abc import Iterator

from rich.markup import escape

from mirror.demo.run import PROJECT, Run
from mirror.processes import Processes

SIGNALS_FILE = "inference/signals/bureau/signals.toml"
"""What the deployed endpoint asks, and where."""

PORT = 8090
"""Of the address in `SIGNALS_FILE`."""

_POLL_S = 0.05


@contextlib.contextmanager
def open_bureau(run: Run, port: int = PORT) -> Iterator[None]:
    """The bureau answers within this context.

    Where it cannot listen, because its port is taken, whoever has the port is asked.
    """
    log = run.folder / "bureau.log"
    log.unlink(missing_ok=True)
    processes = Processes(run.folder)
    command = [sys.executable, "-m", "inference.signals.bureau", "--port", str(port)]
    process = processes.start("bureau", command, env=os.environ, cwd=PROJECT)
    try:
        listening = False
        while not listening and process.poll() is None:
            time.sleep(_POLL_S)
            listening = "bureau on" in log.read_text(encoding="utf-8")
        if listening:
            run.screen.line(f"[dim]a bureau answers on port {port}  (log: {log})[/]")
        else:
            said = log.read_text(encoding="utf-8").strip()
            run.screen.line(f"[yellow]no bureau of the demonstration:[/] {escape(said)}")
        yield
    finally:
        processes.stop(process)
