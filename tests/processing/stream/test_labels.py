"""Labels that are read before their transaction end in the same state as labels read after it."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from feature_groups.names import Names
from processing.events import Label, Transaction
from processing.stream import quality
from processing.stream.engine import Engine
from processing.stream.reports import WAIT_MS, Reports
from processing.stream.seen import Seen
from processing.stream.store import Store
from processing.windows import merchant_frauds
from tests.processing.builders import HOUR, NOW, label, transaction
from tests.processing.stream.events import event

MERCHANTS = ("m0", "m1")
NUMBERS = st.integers(0, 2)  # of transactions; a label may be of one that never comes


class Consumer:
    """An engine over a store that can be killed before a commit and started again."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._open()

    def _open(self) -> None:
        self.store = Store(self.folder, map_size=1 << 26)
        self.engine = Engine(Names("test"), self.store, dict.fromkeys)

    def apply(self, *contents: Transaction | Label, arrival_ms: int = 0) -> None:
        commit = self.engine.apply([event(content, arrival_ms) for content in contents])
        self.store.commit(commit)

    def killed_before_commit(self, *contents: Transaction | Label) -> None:
        self.engine.apply([event(content) for content in contents])
        self.restart()

    def restart(self) -> None:
        self.store.close()
        self._open()

    def merchants(self) -> dict[str, bytes]:
        """The packed states; a merchant only labels were heard of has none."""
        return self.store.merchants(MERCHANTS)

    def frauds(self, merchant: str) -> list[int]:
        packed = self.store.merchant(merchant)
        return [] if packed is None else merchant_frauds(packed)

    def counted(self) -> dict[str, int]:
        """What became of records; what the checks found is another matter."""
        counters = self.store.counters().items()
        return {name: count for name, count in counters if count and name not in quality.COUNTERS}


@st.composite
def histories(draw: st.DrawFn) -> tuple[list[Transaction], list[Label]]:
    numbers = draw(st.lists(NUMBERS, unique=True))
    transactions = [
        # Within an hour: some are late in their shard, and those get labels as well.
        transaction(n, NOW - draw(st.integers(0, HOUR)), merchant_id=draw(st.sampled_from(MERCHANTS)))
        for n in numbers
    ]
    reports = st.builds(label, NUMBERS, st.integers(NOW, NOW + 20), st.booleans())
    return transactions, draw(st.lists(reports, max_size=8))


@settings(max_examples=60, deadline=None)
@given(histories(), st.data())
def test_any_interleaving_gives_the_state_of_labels_after_transactions(
    history: tuple[list[Transaction], list[Label]], data: st.DataObject
) -> None:
    transactions, labels = history
    with TemporaryDirectory() as folder:
        expected = Consumer(Path(folder, "expected"))
        expected.apply(*transactions)
        expected.apply(*labels)
        actual = Consumer(Path(folder, "actual"))
        todo: list[list[Any]] = [list(transactions), data.draw(st.permutations(labels))]
        while any(todo):
            source = data.draw(st.sampled_from([rest for rest in todo if rest]))
            batch = [source.pop(0)]
            while any(todo) and data.draw(st.booleans()):
                batch.append(data.draw(st.sampled_from([rest for rest in todo if rest])).pop(0))
            if data.draw(st.booleans()):
                actual.killed_before_commit(*batch)
            actual.apply(*batch)
        assert actual.merchants() == expected.merchants()
        assert actual.counted() == expected.counted()
        assert {name: actual.frauds(name) for name in MERCHANTS} == by_definition(transactions, labels)
        counted = Counter(actual.counted())
        outcomes = ("labels_accepted", "labels_duplicates", "labels_unmatched")
        assert sum(counted[name] for name in outcomes) == counted["labels_read"] == len(labels)
        come = {t.transaction_id for t in transactions}
        assert counted["labels_unmatched"] == sum(x.transaction_id not in come for x in labels)
        expected.store.close()
        actual.store.close()


def by_definition(transactions: list[Transaction], labels: list[Label]) -> dict[str, list[int]]:
    """When each merchant's frauds became known: each at its first report."""
    found: dict[str, list[int]] = {name: [] for name in MERCHANTS}
    for made in transactions:
        known = [x.known_ms for x in labels if x.is_fraud and x.transaction_id == made.transaction_id]
        if known:
            found[made.merchant_id].append(min(known))
    return {merchant: sorted(times) for merchant, times in found.items()}


@pytest.fixture
def consumer(tmp_path: Path) -> Consumer:
    return Consumer(tmp_path)


def test_an_early_label_survives_a_restart_and_counts_once(consumer: Consumer) -> None:
    consumer.apply(label(1, NOW + 1))
    assert consumer.counted() == {"labels_read": 1, "labels_unmatched": 1}
    consumer.restart()
    consumer.killed_before_commit(transaction(1))
    consumer.apply(transaction(1))
    assert consumer.frauds("m1") == [NOW + 1]
    consumer.apply(transaction(2), label(1, NOW + 2))
    assert consumer.frauds("m1") == [NOW + 1]
    assert consumer.counted() == {
        "read": 2, "accepted": 2, "labels_read": 2, "labels_accepted": 1, "labels_duplicates": 1,
    }  # fmt: skip


def test_the_earliest_report_of_a_fraud_holds(consumer: Consumer) -> None:
    consumer.apply(transaction(1), transaction(2), label(2, NOW + 7))
    for known_ms in (NOW + 9, NOW + 5, NOW + 8):
        consumer.apply(label(1, known_ms))
        consumer.restart()
    assert consumer.frauds("m1") == [NOW + 5, NOW + 7]
    assert consumer.counted()["labels_duplicates"] == 2


@pytest.mark.parametrize("known", [(NOW + 5, NOW + 9), (NOW + 9, NOW + 5)])
def test_the_earliest_of_several_early_labels_holds(consumer: Consumer, known: tuple[int, int]) -> None:
    for known_ms in known:
        consumer.apply(label(1, known_ms))
    consumer.apply(transaction(1))
    assert consumer.frauds("m1") == [NOW + 5]


def test_a_transaction_sent_again_keeps_its_merchant_and_its_fraud(consumer: Consumer) -> None:
    consumer.apply(transaction(1), label(1, NOW + 1))
    consumer.apply(transaction(1, merchant_id="m0"), arrival_ms=HOUR)
    consumer.apply(label(1, NOW + 2))
    assert (consumer.frauds("m1"), consumer.frauds("m0")) == ([NOW + 1], [])


def test_a_transaction_that_fails_leaves_its_labels_waiting(consumer: Consumer) -> None:
    consumer.apply(label(1, NOW + 1), transaction(1, currency="???"))
    assert consumer.counted()["labels_unmatched"] == 1
    consumer.apply(transaction(1))
    assert consumer.frauds("m1") == [NOW + 1]


def test_labels_whose_transaction_never_comes_expire(consumer: Consumer) -> None:
    consumer.apply(label(1), label(1, is_fraud=False), arrival_ms=1_000)
    consumer.apply(label(2), arrival_ms=1_001)
    consumer.apply(transaction(3), arrival_ms=1_000 + WAIT_MS)
    assert consumer.counted()["labels_unmatched"] == 3
    consumer.apply(transaction(4), arrival_ms=1_001 + WAIT_MS)
    counted = consumer.counted()
    assert (counted["labels_unmatched"], counted["labels_expired"]) == (1, 2)
    consumer.apply(transaction(1), transaction(2), arrival_ms=1_001 + WAIT_MS)
    assert consumer.frauds("m1") == [NOW]
    assert "labels_unmatched" not in consumer.counted()
    assert consumer.store.waiting_since(1 << 60) == {}


@pytest.mark.parametrize("known_ms", [None, 0, NOW])
def test_packing_keeps_everything(known_ms: int | None) -> None:
    reports, seen = Reports(5, 3, 2, known_ms), Seen(5, "mercadé", known_ms)
    assert Reports.unpack(reports.pack()) == reports
    assert Seen.unpack(seen.pack()) == seen
