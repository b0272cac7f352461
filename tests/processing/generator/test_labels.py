"""Labels come days later, in the order they became known, and only for investigated transactions."""

from __future__ import annotations

import pandas as pd
import pyarrow.compute as pc
import pytest

from processing.generator import Scenario, generate


@pytest.fixture(scope="module")
def labels() -> pd.DataFrame:
    dataset = generate(Scenario(events=30_000, days=28, seed=5))
    assert dataset.truth is not None
    frame = dataset.labels.to_pandas().merge(
        dataset.transactions.select(["transaction_id", "timestamp"]).to_pandas(), on="transaction_id"
    )
    return pd.merge(frame, dataset.truth.to_pandas(), on="transaction_id", suffixes=("", "_true"))


def test_labels_tell_the_truth(labels: pd.DataFrame) -> None:
    assert (labels["is_fraud"] == labels["is_fraud_true"]).all()
    assert labels["confidence"].between(0.85, 1).all()


def test_only_a_small_part_is_investigated(labels: pd.DataFrame) -> None:
    assert len(labels) < 0.02 * 30_000
    assert (~labels["is_fraud"]).any()
    assert labels["is_fraud"].sum() >= 0.9 * 150


def test_investigations_take_hours_to_a_week(labels: pd.DataFrame) -> None:
    delay = (labels["investigation_complete_time"] - labels["timestamp"]).dt.total_seconds() / 86_400
    assert delay.min() > 4 / 24
    assert delay.max() < 7
    assert 1 < delay.median() < 4


def test_labels_are_ordered_by_the_time_they_became_known() -> None:
    labels = generate(Scenario(events=5_000, days=14)).labels
    times = pc.cast(labels["investigation_complete_time"], "int64").to_pylist()
    assert times == sorted(times)
