"""Second phase: a fresh mirror."""

from __future__ import annotations

from mirror.demo.run import DemoError, Run
from mirror.running import MirrorError


def start_mirror(run: Run) -> None:
    """Stop the mirror of this state directory if one runs, delete its state, start a new one.

    Raises:
        DemoError: the port is taken by something else, or the mirror does not start.
    """
    mirror = run.mirror
    try:
        if (pid := mirror.stop()) is not None:
            run.screen.line(f"stopped the mirror that ran on {mirror.state_dir} (pid {pid})")
        mirror.wipe()
        # The data is older than the five minutes that a live platform accepts.
        health = mirror.start(run.options.port, environ={"FRAUDLINE_REPLAY": "1"})
    except MirrorError as error:
        raise DemoError(str(error), mirror.log if mirror.log.exists() else None) from error
    run.screen.line(
        f"serving AWS at {mirror.endpoint_url} (pid {health['pid']}, state in {mirror.state_dir})"
    )
