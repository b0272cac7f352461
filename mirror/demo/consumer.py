"""What the stream consumer reports of its progress."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from pathlib import Path

from mirror.demo.run import DemoError, Run

# No progress for this long is a failure, however much is left to do.
_STALL_S = 60.0
_POLL_S = 0.1


def counters(run: Run) -> dict[str, int]:
    """The consumer's counters as of its last commit; empty before the first."""
    try:
        found: dict[str, int] = json.loads(_file(run).read_text())
    except FileNotFoundError:
        return {}
    return found


def wait_until_drained(run: Run, show: Callable[[int], None]) -> dict[str, int]:
    """Wait until every record sent so far was read and its outputs were delivered.

    Args:
        show: gets the number of transactions read so far.

    Raises:
        DemoError: the consumer makes no progress.
    """
    last, moved = -1, time.monotonic()
    while True:
        found = counters(run)
        read, labels, pending = (found.get(name, 0) for name in ("read", "labels_read", "pending"))
        show(read)
        if read >= run.results.sent and labels >= run.results.labels_sent and not pending:
            return found
        now = time.monotonic()
        if read + labels - pending != last:
            last, moved = read + labels - pending, now
        elif now - moved > _STALL_S:
            raise DemoError(
                f"the consumer read {read} of {run.results.sent} transactions and {labels} of "
                f"{run.results.labels_sent} labels, {pending} outputs are not delivered yet, and nothing "
                f"moved for {_STALL_S:.0f} s",
                run.options.state_dir / "logs" / f"consumer-{run.names.environment}.log",
            )
        time.sleep(_POLL_S)


def _file(run: Run) -> Path:
    return run.options.state_dir / "consumers" / run.names.environment / "counters.json"
