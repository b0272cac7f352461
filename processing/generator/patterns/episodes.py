"""What the patterns share: cutting a budget into episodes, and times that stay in the period."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from processing.generator.columns import FRAUD_TYPES
from processing.generator.scenario import Scenario
from processing.generator.spending import DEVICES_PER_USER

MINUTE_MS = 60_000
HOUR_MS = 3_600_000
Ints = NDArray[np.int64]


def cut(rng: np.random.Generator, budget: int, low: int, high: int) -> Ints:
    """Lengths between `low` and `high` that add up to `budget`; the last may be shorter."""
    lengths = rng.integers(low, high + 1, budget // low + 1)
    ends = np.cumsum(lengths)
    count = int(np.searchsorted(ends, budget)) + 1
    lengths = lengths[:count]
    lengths[-1] -= ends[count - 1] - budget
    return lengths.astype(np.int64)


def positions(lengths: Ints) -> tuple[Ints, Ints]:
    """For every event, the number of its episode and its place within it (0, 1, 2, ...)."""
    episode = np.repeat(np.arange(lengths.size), lengths)
    first = np.repeat(np.cumsum(lengths) - lengths, lengths)
    return episode, np.arange(episode.size) - first


def start_times(rng: np.random.Generator, scenario: Scenario, n: int, tail_ms: int) -> Ints:
    """`n` starts that leave room for `tail_ms` before the period ends."""
    room = max(scenario.end_ms - scenario.start_ms - tail_ms, 1)
    return scenario.start_ms + (rng.random(n) * room).astype(np.int64)


def stolen_device(rng: np.random.Generator, user: NDArray[np.int32]) -> Ints:
    """A device number its user never had."""
    return user.astype(np.int64) * DEVICES_PER_USER + 500 + rng.integers(0, 500, user.size)


def running(gaps: Ints, episode: Ints) -> Ints:
    """Sum of the gaps up to each event of its episode, itself included."""
    total = np.cumsum(gaps)
    starts = np.flatnonzero(np.diff(episode, prepend=-1))
    before = np.concatenate([[0], total])[starts]
    elapsed: Ints = total - before[episode]
    return elapsed


def kind(name: str, n: int) -> NDArray[np.int8]:
    """The fraud column of `n` events of one pattern."""
    return np.full(n, FRAUD_TYPES.index(name), dtype=np.int8)
