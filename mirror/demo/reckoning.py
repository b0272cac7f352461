"""The closing account: dead letters are read back, figures are added up, the table is printed."""

from __future__ import annotations

import json
import time
from collections import Counter
from collections.abc import Iterator
from typing import Any

from rich.table import Table

from feature_groups.names import DEAD_LETTERS
from mirror.demo.results import DUPLICATES
from mirror.demo.run import DemoError, Run

_SETTLE_S = 15.0


def reckon(run: Run) -> None:
    """Read every dead-letter stream to its end and check the sums.

    Raises:
        DemoError: the figures do not add up; the message has every difference.
    """
    deadline = time.monotonic() + _SETTLE_S
    while True:
        _count_dead_letters(run)
        problems = run.results.problems()
        # Dead letters are delivered after the commit that counts them: give the last ones a moment.
        if not problems or time.monotonic() > deadline:
            break
        time.sleep(0.25)
    run.screen.console.print(table(run))
    if problems:
        raise DemoError("the figures do not add up: " + "; ".join(problems))


def table(run: Run) -> Table:
    """The closing table."""
    results = run.results
    rows = Table("what", "figure", title="Fraudline, from the stream to the decision", title_justify="left")
    rows.add_row("events sent", f"{results.sent:,}")
    rows.add_row("accepted", f"{results.accepted:,}")
    rows.add_row("duplicates dropped", f"{results.duplicates:,}")
    for kind in DEAD_LETTERS:
        if kind != DUPLICATES:
            rows.add_row(f"dead letters: {kind}", f"{results.dead_letters[kind]:,}")
    rows.add_row("labels", f"{results.counted.get('labels_accepted', 0):,} of {results.labels_sent:,}")
    rows.add_row("dead letters: labels", f"{results.label_dead_letters:,}")
    rows.add_section()
    for name, count in results.decisions.most_common():
        rows.add_row(f"decisions: {name}", f"{count:,} ({results.frauds[name]} frauds)")
    rows.add_row("told by the bureau in time", f"{results.told_by_bureau:,}")
    if results.parity is not None:
        late = ", ".join(f"{count} {kind}" for kind, count in sorted(results.parity.reasons.items()))
        rows.add_row("served as the batch has them", f"{results.parity.equal:,}")
        rows.add_row("late inputs", f"{len(results.parity.late):,}" + (f" ({late})" if late else ""))
        rows.add_row("features that differ", f"{len(results.parity.mismatched):,}")
    if results.refused:
        rows.add_row("refused by the endpoint", f"{results.refused:,}")
    server = results.server_percentiles()
    for name, value in results.percentiles().items():
        rows.add_row(f"latency {name}", f"{value:.2f} ms for the client, {server[name]:.2f} ms in the server")
    rows.add_section()
    for name, value in results.metrics.items():
        rows.add_row(name.replace("_", " ").replace("auc", "AUC"), f"{value:.4f}")
    rows.add_row("ingest", f"{results.ingest_per_second:,.0f} transactions/s")
    rows.add_section()
    for name, value in results.seconds.items():
        rows.add_row(f"time: {name}", f"{value:.1f} s")
    rows.add_row("time: all", f"{sum(results.seconds.values()):.1f} s")
    return rows


def _count_dead_letters(run: Run) -> None:
    kinesis = run.client("kinesis")
    raw = run.names.stream("transactions-raw")
    run.results.dead_letters = Counter()
    run.results.label_dead_letters = 0
    for kind in DEAD_LETTERS:
        for letter in read_stream(kinesis, run.names.dead_letter_stream(kind)):
            if letter["stream"] == raw:
                run.results.dead_letters[kind] += 1
            else:
                run.results.label_dead_letters += 1


def read_stream(kinesis: Any, stream: str) -> Iterator[dict[str, Any]]:
    """Every JSON record of a stream, shard by shard, up to its present end."""
    for shard in kinesis.list_shards(StreamName=stream)["Shards"]:
        iterator = kinesis.get_shard_iterator(
            StreamName=stream, ShardId=shard["ShardId"], ShardIteratorType="TRIM_HORIZON"
        )["ShardIterator"]
        while iterator:
            page = kinesis.get_records(ShardIterator=iterator, Limit=10_000)
            for record in page["Records"]:
                yield json.loads(record["Data"])
            if page["MillisBehindLatest"] == 0:
                break
            iterator = page.get("NextShardIterator")
