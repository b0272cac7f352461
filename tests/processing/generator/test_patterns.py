"""Each fraud pattern shows what an investigator would look for."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from processing.generator import Scenario, generate
from processing.generator.columns import FRAUD_TYPES


@pytest.fixture(scope="module")
def frame() -> pd.DataFrame:
    dataset = generate(Scenario(events=60_000, days=42, seed=11, fraud_rate=0.007))
    assert dataset.truth is not None
    assert dataset.users is not None
    frame: pd.DataFrame = dataset.transactions.to_pandas()
    frame["fraud_type"] = dataset.truth["fraud_type"].to_pandas()
    return pd.merge(frame, dataset.users.to_pandas()[["user_id", "home_country"]], on="user_id")


def _of(frame: pd.DataFrame, kind: str) -> pd.DataFrame:
    return frame[frame["fraud_type"] == kind]


def test_every_pattern_occurs(frame: pd.DataFrame) -> None:
    assert set(frame["fraud_type"].dropna()) == set(FRAUD_TYPES[1:])


def test_card_testing_is_many_tiny_amounts_then_a_big_one(frame: pd.DataFrame) -> None:
    testing = _of(frame, "card_testing").sort_values("timestamp")
    seen = 0
    for _, episode in testing.groupby("device"):
        if len(episode) < 6:
            continue  # the last one is cut to the budget
        amounts = episode["amount"].to_numpy()
        assert (amounts[:-1] <= 2.5).all()
        assert amounts[-1] >= 250
        assert episode["timestamp"].iloc[-1] - episode["timestamp"].iloc[0] < pd.Timedelta(hours=2)
        seen += 1
    assert seen >= 5


def test_account_takeover_is_a_new_device_abroad_with_high_amounts(frame: pd.DataFrame) -> None:
    takeover = _of(frame, "account_takeover")
    honest = frame[frame["fraud_type"].isna()]
    assert (takeover["country"] != takeover["home_country"]).all()
    assert not takeover["device"].isin(honest["device"]).any()
    assert takeover["amount"].median() > 3 * honest["amount"].median()


def test_compromised_merchants_share_a_past_shop(frame: pd.DataFrame) -> None:
    abused = _of(frame, "compromised_merchant")
    before = frame[frame["fraud_type"].isna() & frame["user_id"].isin(abused["user_id"])]
    visitors = before.groupby("merchant_id")["user_id"].nunique()
    # The few copied shops explain nearly all victims: greedy cover with two of them.
    cover: set[str] = set()
    for merchant in visitors.sort_values(ascending=False).index[:3]:
        cover |= set(before.loc[before["merchant_id"] == merchant, "user_id"])
    assert len(cover) > 0.5 * abused["user_id"].nunique()
    assert abused["merchant_id"].value_counts().iloc[0] >= 5


def test_fast_travel_is_faster_than_any_aeroplane(frame: pd.DataFrame) -> None:
    present = frame[frame["device"].isna()].sort_values("timestamp")
    columns = ["lat", "lon", "timestamp", "fraud_type"]
    present[[f"{name}_before" for name in columns]] = present.groupby("user_id")[columns].shift()
    joined = present.dropna(subset=["lat_before"])
    hours = (joined["timestamp"] - joined["timestamp_before"]).dt.total_seconds() / 3600
    speed = _distance_km(joined) / hours.clip(lower=1 / 60)
    # The later payments of an episode stay where the first one was.
    first = (joined["fraud_type"] == "fast_travel") & joined["fraud_type_before"].isna()
    assert first.sum() >= 15
    assert (speed[first] > 300).mean() > 0.8
    assert (speed[joined["fraud_type"].isna()] > 900).mean() < 0.02


def _distance_km(frame: pd.DataFrame) -> pd.Series[float]:
    lat1, lat2 = np.radians(frame["lat"]), np.radians(frame["lat_before"])
    half_lon = np.radians(frame["lon"] - frame["lon_before"]) / 2
    a = np.sin((lat2 - lat1) / 2) ** 2 + np.cos(lat1) * np.cos(lat2) * np.sin(half_lon) ** 2
    distance: pd.Series[float] = 12_742 * np.arcsin(np.sqrt(a))
    return distance
