"""The shipper: one for each instance, it brings what its workers spooled to every sink."""

from __future__ import annotations

import fcntl
import logging
import os
import threading
import time
from collections.abc import Sequence
from pathlib import Path

from inference.decision_log.courtesy import Courtesy
from inference.decision_log.delivery import Delivery
from inference.decision_log.janitor import Janitor
from inference.decision_log.sinks import Sink
from inference.decision_log.status import write_status
from inference.logs import Throttled

_TICK_S = 0.2
_STATUS_S = 1.0
_GRACE_S = 5.0  # a call in progress may take so long after the deadline

log = logging.getLogger("inference")


class Shipper:
    """Runs the deliveries and the janitor of one folder.

    Args:
        sinks: where to; a segment is deleted once all of them have it.

    Raises:
        ValueError: no sinks are given, so nothing would ever empty the spool.
    """

    def __init__(self, folder: Path, sinks: Sequence[Sink], *, sync_ms: int = 1000) -> None:
        if not sinks:
            raise ValueError(
                "no sink is configured, so the spool would fill up: set FRAUDLINE_LOG_STREAM, "
                "FRAUDLINE_AUDIT_URI or FRAUDLINE_POSTGRES_DSN"
            )
        folder.mkdir(parents=True, exist_ok=True)
        self._folder, self._sinks, self._sync_ms = folder, sinks, sync_ms
        self._deliveries: list[Delivery] = []
        self._warn = Throttled(log, interval=10.0)

    @property
    def counters(self) -> dict[str, dict[str, float | str | None]]:
        """`Delivery.counters` by sink."""
        return {delivery.name: delivery.counters for delivery in self._deliveries}

    def run(self, stop: threading.Event, drain_s: float) -> bool:
        """Deliver until `stop` is set, and then for up to `drain_s` what is still there.

        It first waits for another shipper of the folder to end.

        Returns:
            Whether everything was delivered. What was not stays in the spool.
        """
        lock = os.open(self._folder / "shipper.lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            if not _locked(lock, stop):
                return False
            # Only now: until it had ended, the last shipper moved the cursors.
            self._deliveries = [Delivery(self._folder, sink) for sink in self._sinks]
            janitor = Janitor(self._folder, self._deliveries, self._sync_ms)
            for delivery in self._deliveries:
                delivery.start()
            status_at = self._tick(janitor, 0.0)
            courtesy = Courtesy()
            while not stop.wait(_TICK_S):
                courtesy.give_way(unless=any(delivery.is_behind for delivery in self._deliveries))
                status_at = self._tick(janitor, status_at)
            courtesy.give_way(unless=True)
            return self._drain(janitor, drain_s)
        finally:
            os.close(lock)

    def _drain(self, janitor: Janitor, seconds: float) -> bool:
        deadline = time.monotonic() + seconds
        for delivery in self._deliveries:
            delivery.stop(deadline)
        ended = [
            delivery.join(max(deadline - time.monotonic(), 0) + _GRACE_S) for delivery in self._deliveries
        ]
        self._tick(janitor, 0.0)
        left = {delivery.name: delivery.counters["waiting_bytes"] for delivery in self._deliveries}
        log.info("shipper ended", extra={"fields": {"waiting_bytes": left, **self.counters}})
        return all(ended) and not any(left.values())

    def _tick(self, janitor: Janitor, status_at: float) -> float:
        """Tidy up, and write the status when it is time to; returns when it next is."""
        now = time.monotonic()
        try:
            janitor.tidy()
            if now >= status_at:
                write_status(self._folder, self.counters, janitor.deleted)
                return now + _STATUS_S
        except OSError as error:
            self._warn.warning("the spool cannot be kept in order", reason=str(error))
        return status_at


def _locked(lock: int, stop: threading.Event) -> bool:
    while True:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            if stop.wait(_TICK_S):
                return False
        else:
            return True
