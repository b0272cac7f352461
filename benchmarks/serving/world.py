"""Customers with a history, in the embedded store, and the transactions that they make next."""

from __future__ import annotations

from pathlib import Path

from processing.generator import Scenario, generate
from processing.online.filling import fill
from processing.sources.records import transaction_records

_EVENTS, _DAYS, _USERS, _MERCHANTS = 120_000, 30, 4_000, 1_000
_REQUESTS = 4_000


def populate(folder: Path) -> list[bytes]:
    """Fill a store with states of users and merchants; the requests that follow, as JSON.

    A user has made 29 transactions in the 30 days before, a merchant has had 116.
    """
    scenario = Scenario(events=_EVENTS, days=_DAYS, users=_USERS, merchants=_MERCHANTS)
    bodies = [record.data for record in transaction_records(generate(scenario).transactions)]
    fill(folder, bodies[:-_REQUESTS], scenario.start_ms + (_DAYS + 1) * 86_400_000)
    return bodies[-_REQUESTS:]
