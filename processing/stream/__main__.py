"""``python -m processing.stream``: the consumer as a process.

Environment: the variables that docs/stream.md lists, and what boto3 reads. SIGTERM and SIGINT end it
after the batch at hand.
"""

from __future__ import annotations

import logging
import signal
import sys
import threading

from botocore.exceptions import ClientError

from processing.online.writing import OnlineUnavailableError
from processing.stream.clients import Clients
from processing.stream.consumer import Consumer
from processing.stream.interpreter import settle
from processing.stream.lock import StateInUseError, exclusive
from processing.stream.logs import configure
from processing.stream.settings import StreamSettings
from processing.stream.warm import warm


def main() -> int:
    """Run until a signal; 0 after a clean stop, 1 when the consumer cannot run, 2 for bad settings."""
    configure()
    log = logging.getLogger("processing.stream")
    try:
        settings = StreamSettings.from_environ()
    except ValueError as error:
        log.error("%s", error)
        return 2
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    try:
        with exclusive(settings.state):
            warm()
            settle()
            Consumer(settings, Clients.create(), stop).run()
    except (StateInUseError, OnlineUnavailableError) as error:
        log.error("%s", error)
        return 1
    except ClientError as error:
        log.error("the consumer cannot go on: %s", error)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
