"""What the phases of one demonstration share: its options, its clients, its data, its results."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

from botocore.config import Config

from feature_groups.names import Names
from mirror.demo.results import Results
from mirror.demo.screen import Screen
from mirror.running import Mirror
from processing.commands.target import Target, mirror
from processing.sources.dataset import Dataset

PROJECT = Path(__file__).parents[2]


class DemoError(Exception):
    """A phase failed; `log` is the file that tells more."""

    def __init__(self, message: str, log: Path | None = None) -> None:
        super().__init__(message)
        self.log = log


@dataclass(frozen=True)
class Options:
    """What the command line asked for.

    Attributes:
        source: a file or a folder of `fraudline generate`; None generates.
        columns: the column map of a file.
        days: length of the data; of a source, its first days.
        events: transactions to generate.
        live_events: most transactions of the live phase.
    """

    source: Path | None
    columns: Path | None
    days: int
    events: int
    seed: int
    live_events: int
    port: int
    state_dir: Path
    keep: bool


@dataclass
class Run:
    """One demonstration. Phases read and fill it in order."""

    options: Options
    screen: Screen
    names: Names
    results: Results = field(default_factory=Results)
    history: Dataset | None = None
    live: Dataset | None = None
    criteria: dict[str, float] = field(default_factory=dict)
    dirty: bool = False

    @cached_property
    def mirror(self) -> Mirror:
        return Mirror(self.options.state_dir)

    @cached_property
    def folder(self) -> Path:
        """Where the demonstration leaves its pictures and its log."""
        folder = self.options.state_dir / "demo"
        folder.mkdir(parents=True, exist_ok=True)
        return folder

    @cached_property
    def target(self) -> Target:
        return mirror(self.mirror.endpoint_url)

    def client(self, service: str) -> Any:
        """A boto3 client of the mirror; it keeps several connections for several threads."""
        config = Config(max_pool_connections=8, retries={"max_attempts": 2}, read_timeout=120)
        return self.target.session.client(service, endpoint_url=self.target.endpoint_url, config=config)

    @property
    def history_data(self) -> Dataset:
        if self.history is None:
            raise RuntimeError("the data phase comes first")
        return self.history

    @property
    def live_data(self) -> Dataset:
        if self.live is None:
            raise RuntimeError("the data phase comes first")
        return self.live
