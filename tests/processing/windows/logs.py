"""Generated transaction logs in arrival order, for the kernel and for every engine that carries it.

Ties, gaps longer than every window, events on, just before and just after every window's and tile's
boundary, disorder within the lateness, hot users and merchants, missing columns, known frauds. The
same seed gives the same logs. `many` gives logs that share no user and no merchant, so that one job of
an engine can take them all.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from random import Random
from typing import NamedTuple

from feature_groups import windows
from processing.events import Transaction
from processing.windows import (
    APPROVED,
    DECLINED,
    LATENESS_MS,
    MEMORY_MS,
    UNKNOWN,
    WINDOW_MS,
    country_code,
    identity,
)
from processing.windows.compiled import splitmix64

START = 1_772_323_200_000  # 2026-03-01T00:00:00Z: on the boundary of every tile
TILES = (60_000, 900_000, 7_200_000, 21_600_000)
STATUS = {None: UNKNOWN, "approved": APPROVED, "declined": DECLINED}


@contextmanager
def exact_events(cap: int) -> Iterator[None]:
    """Another cap for a while, so that small logs go beyond it; in this process only."""
    declared, windows.EXACT_EVENTS = windows.EXACT_EVENTS, cap
    try:
        yield
    finally:
        windows.EXACT_EVENTS = declared


class Row(NamedTuple):
    """One transaction; `amount` is in cents."""

    transaction_id: str
    user: str
    merchant: str
    t: int
    amount: int
    device: str | None = None
    country: str | None = None
    status: str | None = None
    lat: float | None = None
    lon: float | None = None


class Log(NamedTuple):
    """Transactions in arrival order, and when which of them became known as fraud."""

    rows: list[Row]
    frauds: list[tuple[str, int]]


def many(count: int, seed: int = 0, events: int = 120) -> list[Log]:
    """That many logs of up to `events` transactions each."""
    return [one(Random(f"{seed}/{number}"), f"{number}-", events) for number in range(count)]


def hot(prefix: str = "hot-", events: int = 2600, seed: int = 0) -> Log:
    """One user and one merchant with more transactions than the cap, over two months."""
    random = Random(f"{seed}/{prefix}")
    rows: list[Row] = []
    t = START
    for number in range(events):
        t += random.choice((0, 1, 500, 30_000, 60_000, 900_000, 3 * 3_600_000 if number % 7 == 0 else 60_000))
        # Few known devices: brute force compares each with all.
        columns = (number % 20 < 2, True, True, True)
        row = _row(random, prefix, number, t, 900, 900, columns)
        rows.append(row._replace(user=f"{prefix}u0") if number % 2 else row._replace(merchant=f"{prefix}m0"))
    return Log(_delayed(random, rows), _frauds(random, rows))


def one(random: Random, prefix: str = "", events: int = 120) -> Log:
    """One log, drawn from `random`."""
    users, merchants = random.choice((1, 2, 5)), random.choice((1, 3, 40))
    columns = tuple(random.random() < 0.8 for _ in range(4))
    pace = random.choice((5_000, 600_000, 5 * 3_600_000))
    rows: list[Row] = []
    t = START + random.randrange(TILES[-1])
    for number in range(random.randint(1, events)):
        t = _next(random, t, pace)
        rows.append(_row(random, prefix, number, t, users, merchants, columns))
    return Log(_delayed(random, rows), _frauds(random, rows))


def transaction(row: Row) -> Transaction:
    """The row as the checked record that everything behind the border takes."""
    return Transaction(
        row.transaction_id, row.user, row.merchant, row.amount, "EUR", row.t, row.lat, row.lon,
        row.country, row.device, "pos", row.status,
    )  # fmt: skip


def user_event(row: Row) -> tuple[int, int, int, int, int, int]:
    """The arguments of `user_update` after the state."""
    device = identity(row.device) if row.device else 0
    country = country_code(row.country)
    return row.t, row.amount, identity(row.merchant), device, country, STATUS[row.status]


def merchant_event(row: Row) -> tuple[int, int]:
    """The arguments of `merchant_update` after the state."""
    return row.t, identity(row.user)


def country_hash(country: str) -> int:
    """What stands for a country in an estimate."""
    return splitmix64(country_code(country))


def _next(random: Random, t: int, pace: int) -> int:
    """The next event time: mostly at this pace, often on a boundary, sometimes after a gap."""
    kind = random.random()
    if kind < 0.15:
        return t
    if kind < 0.3:
        tile = random.choice(TILES)
        return max(t, t // tile * tile + tile + random.choice((-1, 0, 1)))
    if kind < 0.36:
        return t + random.choice(WINDOW_MS) + random.choice((-1, 0, 1))
    if kind < 0.37:
        return t + random.choice((WINDOW_MS[-1] + LATENESS_MS, MEMORY_MS)) + random.choice((-1, 0, 1, 10**9))
    return t + random.randrange(1, 2 * pace)


def _row(
    random: Random, prefix: str, number: int, t: int, users: int, merchants: int, columns: tuple[bool, ...]
) -> Row:
    device, country, status, place = (has and random.random() < 0.9 for has in columns)
    return Row(
        transaction_id=f"{prefix}t{number}",
        user=f"{prefix}u{_skewed(random, users)}",
        merchant=f"{prefix}m{_skewed(random, merchants)}",
        t=t,
        amount=random.choice((1, 99, 12_50, random.randrange(1, 10**6), 10**11)),
        device=f"d{random.randrange(3)}" if device else None,
        country=random.choice(("FR", "GB", "JP", "XK")) if country else None,
        status=random.choice(("approved", "approved", "declined")) if status else None,
        lat=random.uniform(-90, 90) if place else None,
        lon=random.uniform(-180, 180) if place else None,
    )


def _skewed(random: Random, count: int) -> int:
    return min(random.randrange(count), random.randrange(count))


def _delayed(random: Random, rows: list[Row]) -> list[Row]:
    """Arrival order: some rows late, none more than the lateness behind a younger one before it."""
    arrivals = [
        (row.t + (random.randint(0, LATENESS_MS) if random.random() < 0.2 else 0), number)
        for number, row in enumerate(rows)
    ]
    return [rows[number] for _, number in sorted(arrivals)]


def _frauds(random: Random, rows: list[Row]) -> list[tuple[str, int]]:
    """Some transactions, with times from right away to beyond every window."""
    share = random.choice((0.0, 0.1, 0.5))
    delays = (0, 1, *WINDOW_MS, WINDOW_MS[2] + 1, 3 * WINDOW_MS[-1])
    return [
        (row.transaction_id, row.t + random.choice((*delays, random.randrange(WINDOW_MS[-1]))))
        for row in rows
        if random.random() < share
    ]
