"""Batch features: equal to the stream's bit for bit, and point-in-time."""

from __future__ import annotations

import random
from pathlib import Path

import msgspec
import numpy as np
import pandas as pd
import pytest

from feature_groups import FEATURE_NAMES
from feature_groups.names import Names
from processing.batch import compute_features
from processing.events import Label, Profile, Transaction
from processing.lake import label_table, transaction_table
from processing.stream.engine import Engine
from processing.stream.records import Outgoing
from processing.stream.store import Store
from tests.processing.builders import DAY, HOUR, NOW, label, transaction
from tests.processing.stream.events import event

PROFILES = pd.DataFrame(
    {"user_id": ["u0", "u1"], "home_lat": [48.8, None], "home_lon": [2.3, None], "home_country": ["FR", "DE"]}
)


def history(seed: int, size: int = 400) -> tuple[list[Transaction], list[Label]]:
    """Transactions in event order with ties, and labels that become known among them."""
    generate = random.Random(seed)
    transactions, labels, t = [], [], NOW
    for n in range(size):
        t += generate.choice((0, 1, 60_000, HOUR, 6 * HOUR))
        transactions.append(
            transaction(
                n,
                t,
                user_id=f"u{generate.randrange(4)}",
                merchant_id=f"m{generate.randrange(3)}",
                amount_minor=generate.randrange(1, 10**6),
                country=generate.choice(("FR", "DE", None)),
                device=generate.choice(("a", "b", None)),
                status=generate.choice(("approved", "declined", None)),
            )
        )
        if generate.random() < 0.1:
            labels.append(label(n, t + generate.randrange(1, 9 * DAY)))
    return transactions, labels


def tables(transactions: list[Transaction], labels: list[Label]) -> tuple[pd.DataFrame, pd.DataFrame]:
    return (
        transaction_table((t, t.timestamp_ms) for t in transactions).to_pandas(),
        label_table(labels).to_pandas(),
    )


@pytest.mark.parametrize("seed", range(3))
def test_batch_and_stream_agree_bit_for_bit(seed: int, tmp_path: Path) -> None:
    transactions, labels = history(seed)
    known = {"u0": Profile(48.8, 2.3, "FR"), "u1": Profile(None, None, "DE")}
    store = Store(tmp_path, map_size=1 << 28)
    engine = Engine(Names(), store, lambda users: {user: known.get(user) for user in users})
    events = [event(t, t.timestamp_ms) for t in transactions] + [event(x) for x in labels]
    events.sort(key=lambda e: (e.time_ms or 0, isinstance(e.content, Label)))
    streamed = {}
    for start in range(0, len(events), 37):
        commit = engine.apply(events[start : start + 37])
        store.commit(commit)
        for record in msgspec.msgpack.decode(commit.outbox.get("enriched", b"\x90"), type=list[Outgoing]):
            enriched = msgspec.json.decode(record.data)
            streamed[enriched["transaction_id"]] = enriched["features"]
    store.close()
    batch = compute_features(*tables(transactions, labels), PROFILES)
    assert list(batch.columns) == ["transaction_id", *FEATURE_NAMES]
    for row in batch.to_dict("records"):
        expected = streamed.pop(row.pop("transaction_id"))
        assert {name: None if np.isnan(value) else value for name, value in row.items()} == expected
    assert not streamed


def test_order_of_rows_repeated_rows_and_later_rows_do_not_matter() -> None:
    transactions, labels = history(7, 200)
    rows, known = tables(transactions, labels)
    expected = compute_features(rows, known, PROFILES)
    shuffled = pd.concat([rows, rows.head(20)]).sample(frac=1, random_state=1)
    again = compute_features(shuffled, known.sample(frac=1, random_state=1), PROFILES)
    pd.testing.assert_frame_equal(
        again.sort_values("transaction_id", ignore_index=True),
        expected.sort_values("transaction_id", ignore_index=True),
        check_exact=True,
    )
    early = compute_features(rows.head(100), known, PROFILES)
    pd.testing.assert_frame_equal(early, expected.head(100), check_exact=True)


def test_a_transaction_sees_the_profile_of_its_time() -> None:
    rows, known = tables([transaction(1, NOW), transaction(2, NOW + DAY)], [])
    versions = pd.DataFrame(
        {
            "user_id": ["u1", "u1"],
            "home_country": ["DE", "FR"],
            "event_time": pd.to_datetime([NOW, NOW + 1], unit="ms", utc=True),
        }
    )
    assert compute_features(rows, known, versions)["foreign_country"].tolist() == [1.0, 0.0]
    assert compute_features(rows, known, versions.tail(1))["foreign_country"].isna().tolist() == [True, False]


def test_optional_columns_may_be_absent() -> None:
    rows, known = tables([transaction(1, NOW - 1), transaction(2, NOW)], [])
    bare = rows[["transaction_id", "user_id", "merchant_id", "amount_minor", "currency", "timestamp"]]
    features = compute_features(bare, known, None)
    assert features["user_transaction_count_1h"].tolist() == [0.0, 1.0]
    assert np.isnan(features["user_distinct_countries_1h"][1])


def test_required_columns_are_named_when_absent_or_incomplete() -> None:
    rows, known = tables([transaction(1)], [])
    with pytest.raises(ValueError, match="column currency is absent"):
        compute_features(rows.drop(columns="currency"), known)
    with pytest.raises(ValueError, match="column user_id has no value in 1 of 1 rows"):
        compute_features(rows.assign(user_id=None), known)
    with pytest.raises(ValueError, match="profiles: column user_id is absent"):
        compute_features(rows, known, pd.DataFrame({"home_lat": [1.0]}))
    assert len(compute_features(rows.head(0), known)) == 0
