"""The operator of labels: from a transaction's id to its merchant, by the time a fraud became known."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import Any

from pyflink.datastream import KeyedProcessFunction

from processing.engines.flink import states
from processing.engines.flink.bundles import Accepted, Fraud, Labelled, bucket, bundles, known_of
from processing.engines.flink.outlets import counted
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

    def process_element(self, bundle: bytes, _context: Any) -> Iterator[Any]:
        frauds, counts = [], Counter[str]()
        for item in known_of(memoryview(bundle)[1:]):
            one = self._accept(item, counts) if isinstance(item, Accepted) else self._label(item, counts)
            if one is not None:
                frauds.append(one)
        yield from counted(counts)
        yield from bundles((bucket(fraud.merchant), fraud) for fraud in frauds)

    def _accept(self, item: Accepted, counts: Counter[str]) -> Fraud | None:
        key = item.transaction_id
        packed, early = self._accepted.get(key), self._waiting.get(key)
        seen = Seen(item.arrival_ms, item.merchant_id)
        if packed is not None:  # what is known of a transaction outlives its being sent again
            seen = Seen.unpack(packed)._replace(arrival_ms=item.arrival_ms)
        fraud = None
        if early is not None:
            reports = Reports.unpack(early)
            self._waiting.remove(key)
            counts["labels_unmatched"] -= reports.labels
            seen, fraud = _learn(seen, reports, counts)
        self._accepted.put(key, seen.pack())
        return fraud

    def _label(self, item: Labelled, counts: Counter[str]) -> Fraud | None:
        key, known_ms = item.transaction_id, item.known_ms
        report = Reports(item.arrival_ms, 1, int(known_ms is not None), known_ms)
        packed = self._accepted.get(key)
        if packed is not None:
            seen, fraud = _learn(Seen.unpack(packed), report, counts)
            if fraud is not None:
                self._accepted.put(key, seen.pack())
            return fraud
        counts["labels_unmatched"] += 1
        early = self._waiting.get(key)
        self._waiting.put(key, (report if early is None else Reports.unpack(early).joined(report)).pack())
        return None


def _learn(seen: Seen, reports: Reports, counts: Counter[str]) -> tuple[Seen, Fraud | None]:
    """What labels of an accepted transaction make of it, counted as the consumer counts."""
    known_ms, before_ms = reports.known_ms, seen.fraud_known_ms
    repeated = reports.frauds - int(bool(reports.frauds) and before_ms is None)
    counts["labels_duplicates"] += repeated
    counts["labels_accepted"] += reports.labels - repeated
    if known_ms is None or (before_ms is not None and before_ms <= known_ms):
        return seen, None
    fraud = Fraud(identity(seen.merchant_id), known_ms, before_ms, seen.merchant_id)
    return seen._replace(fraud_known_ms=known_ms), fraud
