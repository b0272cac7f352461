"""What to generate: the few numbers that fix a data set completely."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime

DAY_MS = 86_400_000
DEFAULT_START = datetime(2026, 1, 5, tzinfo=UTC)  # a Monday
MIN_FRAUD_RATE, MAX_FRAUD_RATE = 0.001, 0.05


@dataclass(frozen=True)
class Scenario:
    """Size, period and seed; equal scenarios give equal bytes.

    Args:
        events: transactions in total, frauds included.
        days: length of the period, starting at `start` (aware, UTC).
        users: cards; by default one for every 30 events, at least 50.
        merchants: by default one for every 4 users, at least 200.
        fraud_rate: share of the events that are fraud.

    Raises:
        ValueError: a number is out of range; the message names it and the range.
    """

    events: int = 150_000
    days: int = 60
    seed: int = 7
    start: datetime = DEFAULT_START
    users: int = 0
    merchants: int = 0
    fraud_rate: float = 0.005

    def __post_init__(self) -> None:
        if self.events < 100:
            raise ValueError(f"events = {self.events}: generate at least 100")
        if not 1 <= self.days <= 3660:
            raise ValueError(f"days = {self.days}: use 1 to 3660")
        if self.seed < 0:
            raise ValueError(f"seed = {self.seed}: use a number that is not negative")
        if self.start.tzinfo is None:
            raise ValueError("start: give it a time zone, e.g. datetime(2026, 1, 5, tzinfo=UTC)")
        if not MIN_FRAUD_RATE <= self.fraud_rate <= MAX_FRAUD_RATE:
            raise ValueError(f"fraud_rate = {self.fraud_rate}: use {MIN_FRAUD_RATE} to {MAX_FRAUD_RATE}")
        if self.users < 0 or self.merchants < 0:
            raise ValueError("users and merchants: use 0 (derive from events) or a positive number")

    @property
    def start_ms(self) -> int:
        return int(self.start.timestamp() * 1000)

    @property
    def end_ms(self) -> int:
        return self.start_ms + self.days * DAY_MS

    @property
    def user_count(self) -> int:
        return self.users or max(50, self.events // 30)

    @property
    def merchant_count(self) -> int:
        return self.merchants or max(200, self.user_count // 4)
