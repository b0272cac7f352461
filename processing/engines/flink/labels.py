"""The operator of labels: from a transaction's id to its merchant, by the time a fraud became known."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from pyflink.datastream import KeyedProcessFunction

from processing.engines.flink import states
from processing.engines.flink.bundles import Accepted, Fraud, Labelled, bucket, bundles, known_of
from processing.stream.reports import Reports
from processing.stream.seen import Seen
from processing.windows import identity


class Labels(KeyedProcessFunction):  # type: ignore[misc]  # PyFlink is untyped
    """Joins labels with accepted transactions, whichever comes first; both are kept for 90 days.

    A fraud counts once, from the earliest report of it on.
    """

    def open(self, context: Any) -> None:
        self._accepted = states.by_text(context, "accepted", states.LABELS)
        self._waiting = states.by_text(context, "waiting", states.LABELS)

    def process_element(self, bundle: bytes, _context: Any) -> Iterator[bytes]:
        frauds = []
        for item in known_of(memoryview(bundle)[1:]):
            fraud = self._accept(item) if isinstance(item, Accepted) else self._label(item)
            if fraud is not None:
                frauds.append(fraud)
        yield from bundles((bucket(fraud.merchant), fraud) for fraud in frauds)

    def _accept(self, item: Accepted) -> Fraud | None:
        key = item.transaction_id
        packed, early = self._accepted.get(key), self._waiting.get(key)
        seen = Seen(item.arrival_ms, item.merchant_id)
        if packed is not None:  # what is known of a transaction outlives its being sent again
            seen = Seen.unpack(packed)._replace(arrival_ms=item.arrival_ms)
        fraud = None
        if early is not None:
            self._waiting.remove(key)
            seen, fraud = _learn(seen, Reports.unpack(early).known_ms)
        self._accepted.put(key, seen.pack())
        return fraud

    def _label(self, item: Labelled) -> Fraud | None:
        key = item.transaction_id
        packed = self._accepted.get(key)
        if packed is not None:
            seen, fraud = _learn(Seen.unpack(packed), item.known_ms)
            if fraud is not None:
                self._accepted.put(key, seen.pack())
            return fraud
        report = Reports(item.arrival_ms, 1, int(item.known_ms is not None), item.known_ms)
        early = self._waiting.get(key)
        self._waiting.put(key, (report if early is None else Reports.unpack(early).joined(report)).pack())
        return None


def _learn(seen: Seen, known_ms: int | None) -> tuple[Seen, Fraud | None]:
    before_ms = seen.fraud_known_ms
    if known_ms is None or (before_ms is not None and before_ms <= known_ms):
        return seen, None
    fraud = Fraud(identity(seen.merchant_id), known_ms, before_ms, seen.merchant_id)
    return seen._replace(fraud_known_ms=known_ms), fraud
