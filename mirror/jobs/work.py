"""What differs between kinds of jobs: the folders before the run and the results after it."""

from __future__ import annotations

from pathlib import Path
from typing import Protocol

from mirror.api import Context, Document
from mirror.docker.images import Image
from mirror.jobs.container import Command
from mirror.jobs.supervision import Outcome


class JobError(Exception):
    """The job cannot go on because of its request or its data; the message becomes the reason."""


class Work(Protocol):
    """One kind of job. Folders are given as `ml`, the job's ``/opt/ml``."""

    def prepare(self, ctx: Context, job: Document, image: Image, ml: Path) -> Command:
        """Download the inputs, write the configuration, and say what to run.

        Raises:
            JobError: an input is missing or the job asks for something that cannot run.
        """
        ...

    def observe(self, line: str) -> None:
        """Look at one line of the job's output."""
        ...

    def finish(self, ctx: Context, job: Document, ml: Path, outcome: Outcome) -> Document:
        """Upload the results; returns further fields of the job's document.

        Raises:
            JobError: a result cannot be stored.
        """
        ...

    def message(self, ml: Path) -> str:
        """What the container wrote about its end, or an empty string."""
        ...


def read_text(path: Path, limit: int = 1024) -> str:
    """The first `limit` characters of a file that may not exist."""
    if not path.is_file():
        return ""
    with path.open(encoding="utf-8", errors="replace") as file:
        return file.read(limit).strip()
