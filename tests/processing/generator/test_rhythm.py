"""Days and weeks: nights are quiet, evenings busy, weekends different."""

from __future__ import annotations

import numpy as np

from processing.generator.rhythm import sample_times
from processing.generator.scenario import DAY_MS, Scenario

SCENARIO = Scenario(days=28)  # starts on a Monday


def _sample(offset: int) -> np.ndarray[tuple[int], np.dtype[np.int64]]:
    rng = np.random.default_rng(0)
    return sample_times(rng, SCENARIO, np.full(100_000, offset)) - SCENARIO.start_ms


def test_nights_are_quiet_and_evenings_busy() -> None:
    hours = np.bincount((_sample(0) % DAY_MS) // 3_600_000, minlength=24)
    assert hours[17:20].sum() > 6 * hours[2:5].sum()
    assert hours[12] > 1.1 * hours[10]  # lunch


def test_fridays_and_saturdays_lead_the_week() -> None:
    days = np.bincount((_sample(0) // DAY_MS) % 7, minlength=7)
    assert set(np.argsort(days)[-2:]) == {4, 5}
    assert np.argmin(days) == 6


def test_the_rhythm_follows_local_time() -> None:
    def peak(offset: int) -> int:
        return int(np.argmax(np.bincount((_sample(offset) % DAY_MS) // 3_600_000, minlength=24)))

    assert (peak(0) - peak(-6)) % 24 == 18


def test_times_stay_in_the_period() -> None:
    times = _sample(9)
    assert times.min() >= 0
    assert times.max() < SCENARIO.days * DAY_MS
