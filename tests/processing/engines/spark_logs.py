"""Generated logs as the files that a job reads, and what the oracle says about them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping
from pathlib import Path
from random import Random
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from processing.sources.dataset import LABELS, TRANSACTIONS, USERS
from tests.processing.windows import oracle
from tests.processing.windows.logs import START, Log, Row


def merged(logs: list[Log], random: Random) -> Log:
    """All logs as one, each in its own order, with some rows repeated under other users and amounts."""
    turns = [number for number, log in enumerate(logs) for _ in log.rows]
    random.shuffle(turns)
    left = [iter(log.rows) for log in logs]
    rows: list[Row] = []
    for turn in turns:
        rows.append(next(left[turn]))
        if random.random() < 0.05:
            again = random.choice(rows[-50:])
            moved = again.t + random.choice((-1, 0, 60_000))
            rows.append(again._replace(user=rows[-1].user, amount=7, t=moved))
    return Log(rows, [fraud for log in logs for fraud in log.frauds])


def write(log: Log, folder: Path, random: Random) -> None:
    """`log` as a folder that `fraudline generate` could have written; every third user has no home."""
    folder.mkdir(parents=True, exist_ok=True)
    rows = log.rows
    same = ("lat", "lon", "country", "device", "status")
    columns = {
        "transaction_id": [row.transaction_id for row in rows],
        "user_id": [row.user for row in rows],
        "merchant_id": [row.merchant for row in rows],
        "amount": [row.amount / 100 for row in rows],
        "currency": ["EUR"] * len(rows),
        "timestamp": [row.t for row in rows],
        **{name: [getattr(row, name) for row in rows] for name in same},
        "channel": [None] * len(rows),
    }
    table = _table(columns, TRANSACTIONS)
    pq.write_table(table, folder / "transactions.parquet", row_group_size=len(rows) // 3)
    ids = [transaction for transaction, _ in log.frauds]
    known = [moment for _, moment in log.frauds]
    labels = {
        # Reported again later, cleared by another report, and one of a transaction that is nowhere.
        "transaction_id": [*ids, *ids, *ids, "nowhere"],
        "is_fraud": [True] * len(ids) + [True] * len(ids) + [False] * len(ids) + [True],
        "fraud_type": [None] * (3 * len(ids) + 1),
        "confidence": [1.0] * (3 * len(ids) + 1),
        "investigation_complete_time": [*(t + 5 for t in known), *known, *(t - 9 for t in known), START],
    }
    pq.write_table(_table(labels, LABELS), folder / "labels.parquet")
    users = sorted({row.user for row in rows})[::3] + sorted({row.user for row in rows})[1::3]
    homes = {
        "user_id": users,
        "home_lat": [random.uniform(-90, 90) if n % 5 else None for n in range(len(users))],
        "home_lon": [random.uniform(-180, 180) for _ in users],
        "home_country": [random.choice(("FR", "JP", None)) for _ in users],
        "account_created_at": [START] * len(users),
    }
    pq.write_table(_table(homes, USERS), folder / "users.parquet")


def in_event_order(log: Log) -> list[Row]:
    """The first row of each id, by time."""
    first: dict[str, Row] = {}
    for row in log.rows:
        first.setdefault(row.transaction_id, row)
    return sorted(first.values(), key=lambda row: row.t)


def window_features(log: Log, asked: Collection[str]) -> dict[str, list[float]]:
    """The oracle's features of users and merchants, for the transactions with these ids."""
    rows = in_event_order(log)
    of_user, of_merchant = defaultdict(list), defaultdict(list)
    merchants = {}
    for row in rows:
        of_user[row.user].append(row)
        of_merchant[row.merchant].append(row)
        merchants[row.transaction_id] = row.merchant
    frauds = defaultdict(list)
    for transaction, known in log.frauds:
        frauds[merchants[transaction]].append(known)
    return {
        row.transaction_id: oracle.user(of_user[row.user], row.t)
        + oracle.merchant(of_merchant[row.merchant], frauds[row.merchant], row.t)
        for row in rows
        if row.transaction_id in asked
    }


def _table(columns: Mapping[str, Any], schema: pa.Schema) -> pa.Table:
    return pa.table([pa.array(columns[field.name], field.type) for field in schema], schema=schema)
