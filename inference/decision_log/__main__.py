"""``python -m inference.decision_log``: the shipper, one process beside the workers of an instance.

Ends on SIGTERM or SIGINT, after it has delivered what is there for up to ``FRAUDLINE_LOG_DRAIN_S`` seconds.
Exit code 0: everything is delivered; 1: something is left in the spool; 2: a setting does not fit.
"""

from __future__ import annotations

import gc
import os
import signal
import sys
import threading

from inference import logs
from inference.decision_log.settings import LogSettings, LogSettingsError
from inference.decision_log.shipper import Shipper
from inference.decision_log.sinks.configured import configured


def main() -> int:
    """Run the shipper that the environment describes; returns the process's exit code."""
    logs.configure()
    collect_rarely()
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    signal.pthread_sigmask(signal.SIG_UNBLOCK, [signal.SIGTERM])  # the server starts it with that blocked
    try:
        settings = LogSettings.from_environ(os.environ)
        shipper = Shipper(settings.folder, configured(settings), sync_ms=settings.sync_ms)
    except (LogSettingsError, ValueError) as error:
        print(error, file=sys.stderr)
        return 2
    return 0 if shipper.run(stop, settings.drain_s) else 1


def collect_rarely() -> None:
    """Records come and go by the thousand, and none is part of a cycle: looking for some is half the work."""
    gc.freeze()
    gc.set_threshold(200_000, 20, 20)


if __name__ == "__main__":
    sys.exit(main())
