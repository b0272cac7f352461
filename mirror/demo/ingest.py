"""The history goes in: transactions and labels in the order of time, as fast as the platform takes them."""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator

from rich.progress import Progress, TaskID

from mirror.demo import consumer
from mirror.demo.producer import Producer, batches
from mirror.demo.run import Run
from processing.sources.dirt import Dirt
from processing.sources.records import Record, label_records, transaction_records

DUPLICATE_RATE = 0.002
DEFECT_RATE = 0.001


def ingest_history(run: Run) -> None:
    """Put everything on the streams and wait until the consumer has worked through it.

    Raises:
        DemoError: the consumer stalls.
        ProducerError: a stream keeps refusing records.
    """
    history = run.history_data
    dirt = Dirt(*(DUPLICATE_RATE, DEFECT_RATE) if run.dirty else (0.0, 0.0), seed=run.options.seed)
    kinesis = run.client("kinesis")
    transactions = Producer(kinesis, run.names.stream("transactions-raw"))
    labels = Producer(kinesis, run.names.stream("fraud-labels"))
    rows = history.transactions.num_rows
    start = time.perf_counter()
    with run.screen.progress() as progress:
        sent = progress.add_task("sent to Kinesis", total=rows, rate="")
        read = progress.add_task("read by the consumer", total=rows, rate="")

        def show(count: int) -> None:
            _show(progress, read, count, start)

        waiting = label_records(history.labels)
        following = next(waiting, None)
        for batch in batches(dirt.add_to(transaction_records(history.transactions))):
            transactions.put(batch)
            due: list[Record] = []
            while following is not None and following.time_ms <= batch[-1].time_ms:
                due.append(following)
                following = next(waiting, None)
            _put_all(labels, due)
            _show(progress, sent, transactions.sent, start)
            show(consumer.counters(run).get("read", 0))
        _put_all(labels, _rest(following, waiting))
        progress.update(sent, total=transactions.sent, completed=transactions.sent)
        progress.update(read, total=transactions.sent)
        run.results.sent = transactions.sent
        run.results.labels_sent = labels.sent
        counted = consumer.wait_until_drained(run, show)
    run.results.ingest_per_second = transactions.sent / (time.perf_counter() - start)
    if run.dirty:
        run.results.expected = dirt.expected
    run.screen.line(
        f"{counted['accepted']:,} accepted, {run.results.sent - counted['accepted']:,} refused, "
        f"{counted['labels_accepted']:,} labels; {run.results.ingest_per_second:,.0f} transactions/s "
        "through validation, features, Feature Store and lake"
    )


def _put_all(producer: Producer, records: Iterable[Record]) -> None:
    for batch in batches(records):
        producer.put(batch)


def _rest(first: Record | None, others: Iterator[Record]) -> Iterator[Record]:
    if first is not None:
        yield first
        yield from others


def _show(progress: Progress, task: TaskID, count: int, start: float) -> None:
    rate = count / max(time.perf_counter() - start, 1e-9)
    progress.update(task, completed=count, rate=f"{rate:,.0f}/s")
