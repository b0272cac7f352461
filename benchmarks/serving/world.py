"""Customers with a history, in the embedded store, and the transactions that they make next."""

from __future__ import annotations

from collections import defaultdict
from pathlib import Path

from processing.events import decode_transaction
from processing.features import MerchantState, UserState, observe
from processing.generator import Scenario, generate
from processing.online.codec import MERCHANT, PROGRESS, STREAM, USER, pack_progress
from processing.online.embedded import LmdbWriter
from processing.online.writing import OnlineRecord
from processing.sources.records import transaction_records

_EVENTS, _DAYS, _USERS, _MERCHANTS = 120_000, 30, 4_000, 1_000
_REQUESTS = 4_000


def populate(folder: Path) -> list[bytes]:
    """Fill a store with states of users and merchants; the requests that follow, as JSON.

    A user has made 29 transactions in the 30 days before, a merchant has had 116.
    """
    scenario = Scenario(events=_EVENTS, days=_DAYS, users=_USERS, merchants=_MERCHANTS)
    bodies = [record.data for record in transaction_records(generate(scenario).transactions)]
    users: defaultdict[str, UserState] = defaultdict(UserState)
    merchants: defaultdict[str, MerchantState] = defaultdict(MerchantState)
    end_ms = scenario.start_ms + (_DAYS + 1) * 86_400_000
    last_ms = 0
    for body in bodies[:-_REQUESTS]:
        transaction = decode_transaction(body, end_ms, True)
        observe(transaction, users[transaction.user_id], merchants[transaction.merchant_id])
        last_ms = transaction.timestamp_ms
    records = [OnlineRecord(USER, name, last_ms, state.encode()) for name, state in users.items()]
    records += [OnlineRecord(MERCHANT, name, last_ms, state.encode()) for name, state in merchants.items()]
    records.append(OnlineRecord(PROGRESS, STREAM, last_ms, pack_progress(last_ms)))
    store = LmdbWriter(folder)
    store.write(records)
    store.close()
    return bodies[-_REQUESTS:]
