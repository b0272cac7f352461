"""One consumer per state folder."""

from __future__ import annotations

import fcntl
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


class StateInUseError(RuntimeError):
    """Another process holds the state folder."""


@contextmanager
def exclusive(folder: Path) -> Iterator[None]:
    """Hold a state folder; the kernel lets go of it however the process ends.

    Raises:
        StateInUseError: another process holds it.
    """
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / "lock").open("w") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise StateInUseError(
                f"{folder} is in use by another consumer: stop it, or set FRAUDLINE_CONSUMER_STATE"
            ) from None
        yield
