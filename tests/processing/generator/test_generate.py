"""The generator as a whole: the same for a seed, the right size, rate and shape."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
import pyarrow.compute as pc
import pytest

from processing.generator import Scenario, generate
from processing.sources.dataset import LABELS, TRANSACTIONS, USERS, Dataset
from processing.sources.records import transaction_records

SCENARIO = Scenario(events=40_000, days=28, seed=3)


@pytest.fixture(scope="module")
def dataset() -> Dataset:
    return generate(SCENARIO)


@pytest.fixture(scope="module")
def frame(dataset: Dataset) -> pd.DataFrame:
    assert dataset.truth is not None
    frame: pd.DataFrame = dataset.transactions.to_pandas()
    frame["fraud_type"] = dataset.truth["fraud_type"].to_pandas()
    frame["is_fraud"] = dataset.truth["is_fraud"].to_pandas()
    return frame


def test_equal_scenarios_give_equal_tables(dataset: Dataset) -> None:
    again = generate(SCENARIO)
    assert again.transactions.equals(dataset.transactions)
    assert again.labels.equals(dataset.labels)
    assert again.users is not None
    assert again.users.equals(dataset.users)


def test_another_seed_gives_other_transactions(dataset: Dataset) -> None:
    other = generate(Scenario(events=40_000, days=28, seed=4))
    assert not other.transactions["amount"].equals(dataset.transactions["amount"])


def test_size_period_and_schema(dataset: Dataset) -> None:
    assert dataset.transactions.schema == TRANSACTIONS
    assert dataset.labels.schema == LABELS
    assert dataset.users is not None
    assert dataset.users.schema == USERS
    assert dataset.transactions.num_rows == SCENARIO.events
    assert SCENARIO.start_ms <= dataset.start.timestamp() * 1000
    assert dataset.end.timestamp() * 1000 < SCENARIO.end_ms
    assert pc.count_distinct(dataset.transactions["transaction_id"]).as_py() == SCENARIO.events


def test_transactions_come_in_time_order(dataset: Dataset) -> None:
    times = pc.cast(dataset.transactions["timestamp"], "int64").to_numpy()
    assert (np.diff(times) >= 0).all()


def test_fraud_rate_is_realistic(frame: pd.DataFrame) -> None:
    assert 0.003 <= frame["is_fraud"].mean() <= 0.007


@pytest.mark.parametrize("rate", [0.003, 0.007])
def test_fraud_rate_is_a_setting(rate: float) -> None:
    truth = generate(Scenario(events=10_000, days=14, fraud_rate=rate)).truth
    assert truth is not None
    assert pc.sum(truth["is_fraud"]).as_py() == round(10_000 * rate)


def test_values_are_valid(frame: pd.DataFrame) -> None:
    assert frame["amount"].between(0.5, 10_000).all()
    assert np.allclose(frame["amount"] * 100, (frame["amount"] * 100).round(), atol=1e-6)
    assert frame["lat"].between(-90, 90).all()
    assert frame["lon"].between(-180, 180).all()
    assert set(frame["channel"]) == {"pos", "contactless", "online", "mobile", "atm"}
    assert set(frame["status"]) == {"approved", "declined"}
    assert 0.01 < (frame["status"] == "declined").mean() < 0.06
    assert frame["country"].str.fullmatch("[A-Z]{2}").all()


def test_devices_are_seen_exactly_where_the_card_is_absent(frame: pd.DataFrame) -> None:
    remote = frame["channel"].isin(["online", "mobile"])
    assert (frame["device"].notna() == remote).all()


def test_merchants_are_popular_like_zipf(frame: pd.DataFrame) -> None:
    visits = frame["merchant_id"].value_counts()
    assert visits.iloc[: len(visits) // 10].sum() > 0.25 * len(frame)


def test_amounts_are_log_normal_and_differ_by_user(frame: pd.DataFrame) -> None:
    honest = frame[~frame["is_fraud"]]
    logs = np.log(honest["amount"])
    assert abs(logs.skew()) < 0.5
    means = logs.groupby(honest["user_id"]).mean()
    assert means.std() > logs.std() / np.sqrt(len(honest) / honest["user_id"].nunique())


@pytest.mark.parametrize(
    ("arguments", "named"),
    [
        ({"events": 1}, "events"),
        ({"days": 0}, "days"),
        ({"seed": -1}, "seed"),
        ({"fraud_rate": 0.9}, "fraud_rate"),
        ({"users": -1}, "users"),
    ],
)
def test_an_impossible_scenario_is_refused_by_name(arguments: dict[str, Any], named: str) -> None:
    with pytest.raises(ValueError, match=named):
        Scenario(**arguments)


def test_smallest_scenario_works() -> None:
    assert generate(Scenario(events=100, days=1, fraud_rate=0.05)).transactions.num_rows == 100


def test_speed_to_json_bytes(record_property: Callable[[str, object], None]) -> None:
    scenario = Scenario(events=100_000, days=30, seed=1)
    start = time.process_time()
    count = sum(1 for _ in transaction_records(generate(scenario).transactions))
    rate = count / (time.process_time() - start)
    record_property("events_per_cpu_second", round(rate))
    print(f"\n{rate:,.0f} events/s of CPU time, generated and encoded as JSON")
    assert rate >= 50_000
