"""Checks of a batch and of a training set, each on sound evidence of which one thing was changed."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

import numpy as np
import pandas as pd
import pytest

from pipelines.quality import checks_of, findings
from pipelines.quality.check import Check, Layer
from pipelines.quality.daily import Batch
from pipelines.quality.splits import TrainingSet
from pipelines.steps.features import labelled_rows
from pipelines.steps.targets import known_labels
from pipelines.steps.windows import Windows
from processing.lake import RAW_TRANSACTIONS
from tests.pipelines import lake
from tests.pipelines.quality import nights

LAYERS: tuple[Layer, ...] = ("batch", "training")
WINDOWS = Windows.of(lake.AS_OF, history_days=40, label_delay_days=7, validation_days=7, test_days=7)


@pytest.fixture(scope="module")
def night() -> nights.Lake:
    sound = nights.sound()
    profiles = sound.profiles.assign(home_lat=np.nan, home_lon=np.nan)
    return sound._replace(
        transactions=sound.transactions.reindex(columns=RAW_TRANSACTIONS.names), profiles=profiles
    )


@pytest.fixture(scope="module")
def sound(night: nights.Lake) -> TrainingSet:
    rows = labelled_rows(WINDOWS, *night)
    return TrainingSet.of(rows, known_labels(night.labels, lake.AS_OF), WINDOWS, night.transactions)


def in_split(
    name: str, change: Callable[[pd.DataFrame], pd.DataFrame]
) -> Callable[[TrainingSet], TrainingSet]:
    return lambda data: replace(data, splits={**data.splits, name: change(data.splits[name].copy())})


def with_labels(change: Callable[[pd.DataFrame], pd.DataFrame]) -> Callable[[TrainingSet], TrainingSet]:
    return lambda data: replace(data, labels=change(data.labels.copy()))


def _first(frame: pd.DataFrame, share: float) -> pd.Series:
    return pd.Series(np.arange(len(frame)) < share * len(frame), index=frame.index)


def infinite(frame: pd.DataFrame) -> pd.DataFrame:
    frame.loc[_first(frame, 0.01), "amount_to_average_30d"] = np.inf
    return frame


def sum_missing(frame: pd.DataFrame) -> pd.DataFrame:
    frame.loc[_first(frame, 0.02), "user_amount_sum_24h"] = np.nan
    return frame


def country_missing(frame: pd.DataFrame) -> pd.DataFrame:
    frame.loc[_first(frame, 0.3), "foreign_country"] = np.nan
    return frame


def from_the_future(frame: pd.DataFrame) -> pd.DataFrame:
    frame.loc[frame.index[0], "seconds_since_last_transaction"] = -1
    return frame


def outside(frame: pd.DataFrame) -> pd.DataFrame:
    frame.loc[frame.index[-1], "timestamp"] = pd.Timestamp(WINDOWS.end)
    return frame


def amounts_shuffled(frame: pd.DataFrame) -> pd.DataFrame:
    """Each distribution stays; which amount belongs to which purchase is lost."""
    frame["user_amount_sum_24h"] = np.random.default_rng(1).permutation(frame["user_amount_sum_24h"])
    return frame


def hours_of_a_week(frame: pd.DataFrame) -> pd.DataFrame:
    frame["hour_of_day"] = 20.0 + frame["hour_of_day"] % 4
    return frame


def too_new(labels: pd.DataFrame) -> pd.DataFrame:
    labels.loc[labels.index[-1], "investigation_complete_time"] += timedelta(days=30)
    return labels


def before_the_event(labels: pd.DataFrame) -> pd.DataFrame:
    labels.loc[_first(labels, 0.05), "investigation_complete_time"] -= timedelta(days=20)
    return labels


def contradicting(labels: pd.DataFrame) -> pd.DataFrame:
    some = labels[_first(labels, 0.05)]
    return pd.concat([labels, some.assign(is_fraud=~some["is_fraud"])], ignore_index=True)


def corrected(labels: pd.DataFrame) -> pd.DataFrame:
    some = labels[_first(labels, 0.3)]
    later = some["investigation_complete_time"] + timedelta(days=1)
    again = some.assign(is_fraud=~some["is_fraud"], investigation_complete_time=later)
    return pd.concat([labels, again], ignore_index=True)


def ids_changed(labels: pd.DataFrame) -> pd.DataFrame:
    newest = labels["investigation_complete_time"] > lake.AS_OF - timedelta(days=10)
    labels.loc[newest, "transaction_id"] = "x" + labels.loc[newest, "transaction_id"]
    return labels


SPOILT = [
    (in_split("train", infinite), "features_complete", "amount_to_average_30d is infinite"),
    (in_split("train", sum_missing), "missing_features", "user_amount_sum_24h is missing in 2.0%"),
    (in_split("test", country_missing), "missing_features", "foreign_country is missing in 30.0%"),
    (in_split("validation", from_the_future), "temporal_leakage", "its history is newer"),
    (in_split("test", outside), "temporal_leakage", "of the test window are outside of it"),
    (in_split("test", amounts_shuffled), "correlations", "user_amount_sum_24h"),
    (in_split("test", hours_of_a_week), "window_similarity", "hour_of_day of the test window"),
    (with_labels(too_new), "temporal_leakage", "1 labels became known after the as-of time"),
    (with_labels(before_the_event), "temporal_leakage", "before their transaction happened"),
    (with_labels(contradicting), "label_consistency", "fraud and genuine by labels of the same moment"),
    (with_labels(corrected), "label_consistency", "labels that were overruled"),
    (with_labels(ids_changed), "unknown_transactions", "transactions that the lake does not have"),
]


def test_sound_evidence_has_nothing_critical(sound: TrainingSet, night: nights.Lake) -> None:
    batch = Batch.of(night.transactions, night.profiles, lake.AS_OF)
    found = [*findings("training", sound), *findings("batch", batch)]
    assert [one for one in found if one.severity == "critical"] == []


@pytest.mark.parametrize(("spoil", "check", "message"), SPOILT)
def test_a_training_set_that_is_not_sound(
    sound: TrainingSet, spoil: Callable[[TrainingSet], TrainingSet], check: str, message: str
) -> None:
    spoilt = spoil(sound)
    found = [problem for one in checks_named(check) for problem in one.look(spoilt)]
    [first, *_] = [problem for problem in found if message in problem.message]
    assert first.severity == "critical"
    assert first.rows or "lacks" in message


def checks_named(name: str) -> list[Check]:
    return [check for layer in LAYERS for check in checks_of(layer) if check.name == name]


def spread(rows: pd.DataFrame) -> pd.DataFrame:
    """The mean of the logarithms stays: half of the amounts a tenth, half of them ten times."""
    last = rows["timestamp"] >= nights.LAST_DAY
    factor = np.where(np.arange(len(rows)) % 2, 10.0, 0.1)
    rows.loc[last, "amount_minor"] = np.maximum(1, (rows["amount_minor"] * factor)[last]).astype("int64")
    return rows


def ten_times(rows: pd.DataFrame) -> pd.DataFrame:
    rows.loc[rows["timestamp"] >= nights.LAST_DAY, "amount_minor"] *= 10
    return rows


@pytest.mark.parametrize(
    ("spoil", "check", "severity", "message"),
    [
        (ten_times, "amount_statistics", "critical", "geometric mean"),
        (spread, "amount_statistics", "warning", "the spread of the amounts"),
        (spread, "amount_distribution", "critical", "Kolmogorov-Smirnov distance"),
        (ten_times, "day_over_day", "warning", "the median amount went from"),
    ],
)
def test_days_that_are_not_sound(
    night: nights.Lake,
    spoil: Callable[[pd.DataFrame], pd.DataFrame],
    check: str,
    severity: str,
    message: str,
) -> None:
    batch = Batch.of(spoil(night.transactions.copy()), night.profiles, lake.AS_OF)
    found = [problem for one in checks_named(check) for problem in one.look(batch)]
    assert [problem.severity for problem in found if message in problem.message] == [severity]
    assert all("2026-02-28" in problem.message for problem in found)
