"""What the demonstration shows while it runs. With ``--json`` all of it goes to stderr."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn


class Screen:
    """Prints phases with their wall time, lines within them, and progress bars."""

    def __init__(self, *, to_stderr: bool) -> None:
        self.console = Console(stderr=to_stderr, highlight=False)

    @contextmanager
    def phase(self, title: str) -> Iterator[None]:
        """Frame one phase; a phase that fails prints no time."""
        self.console.print(f"\n[bold cyan]▸ {title}[/]")
        start = time.perf_counter()
        yield
        self.console.print(f"  [dim]{time.perf_counter() - start:.1f} s[/]")

    def line(self, text: str) -> None:
        """One line within a phase; `text` may carry rich markup."""
        self.console.print(f"  {text}", soft_wrap=True)

    def progress(self) -> Progress:
        """Progress bars, to be used as a context manager."""
        return Progress(
            TextColumn("  {task.description:<24}"),
            BarColumn(),
            MofNCompleteColumn(),
            TextColumn("{task.fields[rate]}"),
            TimeElapsedColumn(),
            console=self.console,
        )
