"""Sends the records of decisions to Kinesis, beside the requests and never in their way."""

from __future__ import annotations

import logging
import random
import threading
import time
from collections import deque
from collections.abc import Callable, Sequence
from typing import Any

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from inference.logs import Throttled
from inference.predictions import Prediction, encode

# Of the service: records and bytes of one call.
MOST_RECORDS = 500
MOST_BYTES = 5 * 1024 * 1024
# About 40 MB of records: a minute of a dead stream at 200 decisions/s.
CAPACITY = 12_000

_LINGER_S = 0.1  # how long the first record of a batch waits for others
_BACKOFF_S = (0.1, 5.0)
_REPORT_S = 60.0

log = logging.getLogger("inference")

Overflow = Callable[[Sequence[Prediction]], None]
"""Takes records that the stream did not: they do not fit into memory, or the server ends. It must
not wait; it is called on a request's thread."""


def discard(_: Sequence[Prediction]) -> None:
    """The `Overflow` that keeps nothing; `PredictionStream.counters` has their number."""


class PredictionStream:
    """A bounded queue, and a thread that empties it with ``PutRecords``.

    A refused record is sent again until it arrives, with growing pauses. Meanwhile the queue fills;
    once it is full, new records go to `overflow`: an answer never waits for its record. A record may
    arrive twice, after a call whose answer was lost.

    Attributes:
        counters: ``queued`` = ``sent`` + ``overflowed`` + what still waits; ``retried`` counts records
            that had to be sent again.
    """

    def __init__(
        self, client: Any, stream: str, *, capacity: int = CAPACITY, overflow: Overflow = discard
    ) -> None:
        self._client, self._stream = client, stream
        self._capacity, self._overflow = capacity, overflow
        self._queue: deque[Prediction] = deque()
        self._wake = threading.Event()
        self._closing = threading.Event()
        self._deadline = float("inf")
        self._warn = Throttled(log, interval=10.0)
        self.counters = {"queued": 0, "sent": 0, "retried": 0, "overflowed": 0}
        self._reported = dict(self.counters)
        self._report_at = time.monotonic() + _REPORT_S
        self._thread = threading.Thread(target=self._run, name="predictions", daemon=True)

    @classmethod
    def create(cls, stream: str) -> PredictionStream:
        """The sender for a stream by its physical name, with the process's AWS settings."""
        config = Config(
            parameter_validation=False,
            tcp_keepalive=True,
            connect_timeout=1.0,
            read_timeout=5.0,
            retries={"total_max_attempts": 1},  # `_deliver` repeats what failed, and counts it
        )
        return cls(boto3.client("kinesis", config=config), stream)

    def start(self) -> None:
        """Begin to send."""
        self._thread.start()

    def put(self, prediction: Prediction) -> None:
        """Queue a record; never waits and never raises."""
        self.counters["queued"] += 1
        if len(self._queue) >= self._capacity:
            self._drop([prediction])
            return
        self._queue.append(prediction)
        if not self._wake.is_set():
            self._wake.set()

    def close(self, seconds: float) -> None:
        """Send what is queued, for at most `seconds`; what is left goes to `overflow`."""
        self._deadline = time.monotonic() + seconds
        self._closing.set()
        self._wake.set()
        self._thread.join(seconds + 1.0)
        left = list(self._queue)
        self._queue.clear()
        if left:
            self._drop(left)
        log.info("prediction log closed", extra={"fields": dict(self.counters)})

    def _run(self) -> None:
        while not (self._closing.is_set() and not self._queue):
            if not self._queue:
                self._wake.clear()
                if not self._queue:  # none came between the look and the clearing
                    self._wake.wait(_REPORT_S)
            elif not self._closing.is_set():
                self._closing.wait(_LINGER_S)
            try:
                if not self._deliver(self._batch()):
                    return
            except Exception as error:  # this thread must outlive whatever one batch does to it
                log.exception("sending predictions failed: %s", type(error).__name__)
            self._report()

    def _batch(self) -> list[tuple[Prediction, bytes]]:
        """Records of one call, taken from the queue."""
        batch: list[tuple[Prediction, bytes]] = []
        size = 0
        while self._queue and len(batch) < MOST_RECORDS:
            prediction = self._queue[0]
            data = encode(prediction)
            size += len(data) + len(prediction.transaction_id)
            if batch and size > MOST_BYTES:
                break
            batch.append((self._queue.popleft(), data))
        return batch

    def _deliver(self, batch: list[tuple[Prediction, bytes]]) -> bool:
        """Send until all have arrived; False, and the rest dropped, when closing leaves no time."""
        pause = _BACKOFF_S[0]
        while batch:
            refused, reason = self._send(batch)
            self.counters["sent"] += len(batch) - len(refused)
            batch = refused
            if not batch:
                break
            pause = min(pause * 2, _BACKOFF_S[1]) * random.uniform(0.5, 1.0)  # noqa: S311 - jitter only
            self._warn.warning("predictions wait: the stream refuses them", reason=reason)
            left = self._deadline - time.monotonic()
            if left <= 0:
                self._drop([prediction for prediction, _ in batch])
                return False
            self.counters["retried"] += len(batch)
            if self._closing.is_set():
                time.sleep(min(pause, left))
            else:
                self._closing.wait(pause)
        return True

    def _send(self, batch: list[tuple[Prediction, bytes]]) -> tuple[list[tuple[Prediction, bytes]], str]:
        """One call; what was refused, and why."""
        entries = [{"Data": data, "PartitionKey": prediction.transaction_id} for prediction, data in batch]
        try:
            answer = self._client.put_records(StreamName=self._stream, Records=entries)
            results = zip(batch, answer["Records"], strict=True)
        except ClientError as error:
            return batch, error.response["Error"]["Code"]
        except (BotoCoreError, KeyError, ValueError) as error:
            return batch, type(error).__name__
        failed = [(entry, result["ErrorCode"]) for entry, result in results if result.get("ErrorCode")]
        return [entry for entry, _ in failed], failed[0][1] if failed else ""

    def _drop(self, predictions: Sequence[Prediction]) -> None:
        self.counters["overflowed"] += len(predictions)
        self._warn.warning("predictions dropped: the queue is full or the server ends")
        try:
            self._overflow(predictions)
        except Exception as error:
            log.exception("the overflow of predictions failed: %s", type(error).__name__)

    def _report(self) -> None:
        now = time.monotonic()
        if now >= self._report_at and self.counters != self._reported:
            self._report_at, self._reported = now + _REPORT_S, dict(self.counters)
            log.info("prediction log", extra={"fields": {**self.counters, "waiting": len(self._queue)}})
