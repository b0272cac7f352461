"""The third party of the demonstration: a bureau that really answers over HTTP."""

from __future__ import annotations

import contextlib
import subprocess
import sys
from collections.abc import Iterator

from rich.markup import escape

from mirror.demo.run import PROJECT, Run

SIGNALS_FILE = "inference/signals/bureau/signals.toml"
"""What the deployed endpoint asks, and where."""

PORT = 8090
"""Of the address in `SIGNALS_FILE`."""

_END_S = 5.0


@contextlib.contextmanager
def open_bureau(run: Run, port: int = PORT) -> Iterator[None]:
    """The bureau answers within this context.

    Where it cannot listen, because its port is taken, whoever has the port is asked.
    """
    command = [sys.executable, "-m", "inference.signals.bureau", "--port", str(port)]
    with subprocess.Popen(
        command,
        cwd=PROJECT,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    ) as process:
        try:
            said = process.stdout.readline().strip() if process.stdout else ""
            if process.poll() is None and said.startswith("bureau on"):
                run.screen.line(f"[dim]{said.partition(',')[0]}[/]")
            else:
                run.screen.line(f"[yellow]no bureau of the demonstration:[/] {escape(said)}")
            yield
        finally:
            process.terminate()
            try:
                process.wait(_END_S)
            except subprocess.TimeoutExpired:
                process.kill()
