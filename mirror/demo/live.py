"""The last day, live: each transaction is decided at the endpoint, then goes on the stream."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Mapping
from typing import Any

from rich.markup import escape

from mirror.demo import consumer
from mirror.demo.bureau import open_bureau
from mirror.demo.decisions import Answer, Client, RefusedError
from mirror.demo.freshness import Freshness
from mirror.demo.producer import BATCH, Producer
from mirror.demo.run import DemoError, Run
from processing.sources.records import Record, label_records, transaction_records

_SHOWN_PER_DECISION = 5
_STREAM_EVERY = 20
_COLOURS = {"approve": "green", "review": "yellow", "decline": "red"}


def decide_live(run: Run) -> None:
    """Decide, show a sample of the decisions with their reasons, stream, and wait for the consumer.

    Raises:
        DemoError: no decision was made by the model, or the consumer stalls.
    """
    with open_bureau(run):
        _decide(run)


def _decide(run: Run) -> None:
    run.results.live_since_ms = time.time_ns() // 1_000_000
    transactions = run.live_data.transactions.slice(0, run.options.live_events)
    frauds = _frauds(run)
    client = Client(run)
    producer = Producer(run.client("kinesis"), run.names.stream("transactions-raw"))
    freshness = Freshness(run)
    shown: Counter[str] = Counter()
    waiting: list[Record] = []
    for record, transaction in zip(transaction_records(transactions), transactions.to_pylist(), strict=True):
        if freshness.needs_wait(record) or len(waiting) == _STREAM_EVERY:
            producer.put(waiting)
            waiting.clear()
            freshness.wait(record)
        waiting.append(record)
        try:
            answer = client.decide(record.data)
        except RefusedError as refused:
            # The stream gets it all the same, and has to refuse it too.
            run.results.refused += 1
            run.screen.line(f"[yellow]refused[/] {escape(str(refused))}")
            continue
        freshness.expect(record)
        fraud = frauds.get(transaction["transaction_id"])
        _count(run, answer, fraud)
        decision = answer.document["decision"]
        if shown[decision] < _SHOWN_PER_DECISION:
            shown[decision] += 1
            _show(run, transaction, answer, fraud)
    producer.put(waiting)
    run.results.stale_decisions = freshness.stale
    _finish(run, producer)
    others = sum(run.results.decided_by.values()) - run.results.decided_by["model"]
    figures = ", ".join(f"{name} {value}" for name, value in run.results.percentiles().items())
    run.screen.line(
        f"{producer.sent - run.results.refused:,} decisions, {others} of them by the rules; "
        f"latency for the client in ms: {figures}"
    )
    if freshness.stale:
        run.screen.line(
            f"[yellow]{freshness.stale:,} decisions were made before the Feature Store showed the card's "
            "last payment: the consumer is behind[/]"
        )
    if run.results.decided_by["model"] == 0:
        raise DemoError("no live transaction was decided by the model", run.mirror.log)


def _finish(run: Run, producer: Producer) -> None:
    """Send the labels of the day, and wait until the consumer has worked through everything."""
    labels = Producer(run.client("kinesis"), run.names.stream("fraud-labels"))
    known = list(label_records(run.live_data.labels))
    for start in range(0, len(known), BATCH):
        labels.put(known[start : start + BATCH])
    run.results.sent += producer.sent
    run.results.labels_sent += labels.sent
    if run.results.expected:
        run.results.expected["accepted"] += producer.sent
    run.results.counted = consumer.wait_until_drained(run, lambda _: None)


def _frauds(run: Run) -> dict[str, str]:
    """Fraud type by transaction id, where the source knows the truth."""
    truth = run.live_data.truth
    if truth is None:
        return {}
    frauds = truth.filter(truth["is_fraud"])
    kinds = [kind or "fraud" for kind in frauds["fraud_type"].to_pylist()]
    return dict(zip(frauds["transaction_id"].to_pylist(), kinds, strict=True))


def _count(run: Run, answer: Answer, fraud: str | None) -> None:
    results, document = run.results, answer.document
    results.latencies_ms.append(answer.latency_ms)
    results.server_latencies_ms.append(document["latency_ms"])
    results.decisions[document["decision"]] += 1
    results.decided_by[document["decided_by"]] += 1
    signals = document.get("signals") or {}
    results.told_by_bureau += bool(signals) and None not in signals.values()
    if fraud:
        results.frauds[document["decision"]] += 1


def _show(run: Run, transaction: Mapping[str, Any], answer: Answer, fraud: str | None) -> None:
    document = answer.document
    colour = _COLOURS.get(document["decision"], "white")
    score = "" if document["score"] is None else f" {document['score']:.3f}"
    truth = f"  [magenta]({fraud})[/]" if fraud else ""
    run.screen.line(
        f"{transaction['timestamp']:%H:%M:%S} {transaction['user_id']:<9} "
        f"{transaction['amount']:>9.2f} {transaction['currency']} "
        f"[{colour}]{document['decision']:<7}[/]{score}{truth}"
    )
    for reason in document["reasons"][:3]:
        run.screen.line(f"           [dim]{reason['text']}[/]")
