"""Pushing records: in batches, one by one where the store takes none, never more than is allowed."""

from __future__ import annotations

import threading
import time
from datetime import UTC, datetime
from typing import Any

import pandas as pd
import pytest
from botocore.exceptions import ClientError

from feature_groups import MERCHANT_RISK
from pipelines.steps.aggregates.push import Pushed, Pusher, Throttle
from pipelines.steps.container import StepError

AS_OF = datetime(2026, 3, 1, 2, tzinfo=UTC)


def refusal(operation: str) -> ClientError:
    return ClientError({"Error": {"Code": "ValidationException", "Message": "not here"}}, operation)


class Store:
    """A store that keeps what it is given, and does with batches what the test says."""

    def __init__(self, batches: str, taken: int = 25) -> None:
        self.batches, self.taken = batches, taken
        self.kept: dict[str, str] = {}
        self.puts = 0
        self._lock = threading.Lock()

    def batch_get_record(self, Identifiers: list[Any]) -> dict[str, Any]:  # noqa: N803 - boto3's
        [wanted] = Identifiers
        records = [
            {
                "RecordIdentifierValueAsString": name,
                "Record": [{"FeatureName": "event_time", "ValueAsString": self.kept[name]}],
            }
            for name in wanted["RecordIdentifiersValueAsString"]
            if name in self.kept
        ]
        return {"Records": records, "Errors": [], "UnprocessedIdentifiers": []}

    def batch_write_record(self, Entries: list[Any]) -> dict[str, Any]:  # noqa: N803
        if self.batches == "refused":
            raise refusal("BatchWriteRecord")
        now, later = Entries[: self.taken], Entries[self.taken :]
        for entry in now:
            self._keep(entry)
        if self.batches == "wrong":
            return {"Errors": [{"Entry": entry} for entry in later], "UnprocessedEntries": []}
        return {"Errors": [], "UnprocessedEntries": later}

    def put_record(self, **entry: Any) -> None:
        with self._lock:
            self.puts += 1
        if self.batches == "wrong":
            raise refusal("PutRecord")
        self._keep(entry)

    def _keep(self, entry: Any) -> None:
        values = {item["FeatureName"]: item["ValueAsString"] for item in entry["Record"]}
        with self._lock:
            self.kept[values["merchant_id"]] = values["event_time"]


def rows(count: int) -> pd.DataFrame:
    return pd.DataFrame(
        {
            "merchant_id": [f"m{number}" for number in range(count)],
            "transaction_count_30d": range(count),
            "fraud_rate_30d": [None, *[0.1] * (count - 1)],
        }
    )


def pusher(store: Store, per_second: float = 1e6) -> Pusher:
    return Pusher(store, MERCHANT_RISK, "group", Throttle(per_second))


@pytest.mark.parametrize(
    ("batches", "taken", "puts"), [("taken", 25, 0), ("taken", 10, 0), ("refused", 25, 130)]
)
def test_everything_arrives_once(batches: str, taken: int, puts: int) -> None:
    store = Store(batches, taken)
    assert pusher(store).push(rows(130), AS_OF) == Pushed(130, 0)
    assert len(store.kept) == 130
    assert store.puts == puts
    assert pusher(store).push(rows(131), AS_OF) == Pushed(1, 130)


def test_a_record_that_is_refused_ends_the_step_and_says_why() -> None:
    store = Store("wrong", taken=24)
    with pytest.raises(StepError, match=r"group: .*not here"):
        pusher(store).push(rows(25), AS_OF)
    assert store.puts == 1, "only what was refused is put alone"


def test_no_more_records_a_second_than_allowed() -> None:
    began = time.monotonic()
    pusher(Store("taken"), per_second=500.0).push(rows(200), AS_OF)
    # Eight calls of 25 records: the last begins when the seven before it are paid for.
    assert time.monotonic() - began >= 175 / 500.0


def test_nobody_is_nothing() -> None:
    assert pusher(Store("taken")).push(rows(2).iloc[:0], AS_OF) == Pushed(0, 0)
