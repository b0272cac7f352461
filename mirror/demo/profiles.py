"""User profiles into the Feature Store, where the platform expects them before the first transaction."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from typing import Any

import pyarrow as pa

from mirror.demo.run import Run

_THREADS = 4


def put_profiles(run: Run) -> None:
    """Write one record per user to the ``user-profile`` group.

    A source without profiles is no error: what depends on them is a missing value.
    """
    users = run.history_data.users
    if users is None:
        run.screen.line("the source has no user profiles: what depends on them is a missing value")
        return
    runtime = run.client("sagemaker-featurestore-runtime")
    group = run.names.feature_group("user-profile")

    def put(record: list[dict[str, str]]) -> None:
        runtime.put_record(FeatureGroupName=group, Record=record)

    with ThreadPoolExecutor(_THREADS) as pool:
        count = sum(1 for _ in pool.map(put, _records(users, run.history_data.start)))
    run.screen.line(f"{count:,} user profiles in {group}")


def _records(users: pa.Table, known_since: datetime) -> Iterator[list[dict[str, str]]]:
    event_time = _iso(known_since)
    for row in users.to_pylist():
        values: dict[str, Any] = {**row, "event_time": event_time}
        yield [
            {"FeatureName": name, "ValueAsString": _iso(value) if isinstance(value, datetime) else str(value)}
            for name, value in values.items()
            if value is not None
        ]


def _iso(moment: datetime) -> str:
    return f"{moment:%Y-%m-%dT%H:%M:%S}Z"
