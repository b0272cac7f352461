"""Fills an embedded store with the histories of transactions that were made already."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from pathlib import Path

from processing.events import decode_transaction
from processing.features import MerchantState, UserState, observe
from processing.online.codec import MERCHANT, PROGRESS, STREAM, USER, pack_progress
from processing.online.embedded import LmdbWriter
from processing.online.writing import OnlineRecord


def fill(folder: Path, bodies: Iterable[bytes], now_ms: int) -> None:
    """Write the states of the users and merchants of transactions, given as JSON in the order of time.

    Args:
        folder: of the LMDB store, made when needed.
        now_ms: up to when the store knows everything, milliseconds since 1970; after the newest transaction.
    """
    users: defaultdict[str, UserState] = defaultdict(UserState)
    merchants: defaultdict[str, MerchantState] = defaultdict(MerchantState)
    for body in bodies:
        transaction = decode_transaction(body, now_ms, True)
        observe(transaction, users[transaction.user_id], merchants[transaction.merchant_id])
    records = [OnlineRecord(USER, name, now_ms, state.encode()) for name, state in users.items()]
    records += [OnlineRecord(MERCHANT, name, now_ms, state.encode()) for name, state in merchants.items()]
    records.append(OnlineRecord(PROGRESS, STREAM, now_ms, pack_progress(now_ms)))
    store = LmdbWriter(folder)
    store.write(records)
    store.close()
