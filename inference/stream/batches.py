"""Decides a micro-batch of the consumer's."""

from __future__ import annotations

import time
from hashlib import blake2b

from inference.deciding import MOST_AT_ONCE, Case, Decider
from processing.events import Transaction
from processing.stream.featured import unpack


class BatchDecider:
    """Decides payloads of the outbox ``decisions``."""

    def __init__(self, decider: Decider) -> None:
        self._decider = decider

    def decide(self, payload: bytes) -> int:
        """Decide and record all transactions of a payload; returns how many there are.

        Raises:
            DecisionLogError: the decisions cannot be recorded; the payload has to be decided again.
        """
        featured = unpack(payload)
        matrix = featured.matrix
        # Latency is told from the arrival at the stream.
        since = time.perf_counter() - time.time()
        cases = [
            Case(transaction, since + arrival_ms / 1000)
            for transaction, arrival_ms in zip(featured.transactions, featured.arrivals_ms, strict=True)
        ]
        for first in range(0, len(cases), MOST_AT_ONCE):
            part = slice(first, first + MOST_AT_ONCE)
            ids = [decision_id(transaction) for transaction in featured.transactions[part]]
            self._decider.decide_featured(cases[part], matrix[part], ids)
        return len(cases)


def decision_id(transaction: Transaction) -> str:
    """The name of a decision on the stream: the same when a transaction is decided again after a failure."""
    moment = f"{transaction.transaction_id}/{transaction.timestamp_ms}".encode()
    return f"s-{blake2b(moment, digest_size=12).hexdigest()}"
