"""When people pay: hour of the day and day of the week, in the local time of the user's home."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from processing.generator.scenario import DAY_MS, Scenario

HOUR_MS = 3_600_000
# Relative intensity by local hour: quiet nights, a lunch peak, a larger one after work.
WEEKDAY = np.array(
    [6, 3, 2, 1, 1, 3, 12, 30, 45, 46, 50, 62, 86, 76, 58, 56, 66, 92, 100, 84, 60, 42, 26, 13], dtype=float
)
WEEKEND = np.array(
    [16, 10, 6, 3, 2, 2, 5, 14, 32, 56, 80, 96, 98, 92, 86, 80, 76, 74, 72, 66, 58, 48, 38, 26], dtype=float
)
DAY_VOLUME = np.array([0.92, 0.94, 0.97, 1.0, 1.18, 1.22, 0.82])  # Monday to Sunday


def sample_times(
    rng: np.random.Generator, scenario: Scenario, utc_offset_h: NDArray[np.int64]
) -> NDArray[np.int64]:
    """One time per offset, in ms since 1970 UTC, within the scenario's period and its rhythm."""
    n = utc_offset_h.size
    first_day = scenario.start.weekday()
    days = (np.arange(scenario.days) + first_day) % 7
    profile = np.where((days >= 5)[:, None], WEEKEND / WEEKEND.sum(), WEEKDAY / WEEKDAY.sum())
    intensity = (profile * DAY_VOLUME[days][:, None]).ravel()
    cumulative = np.cumsum(intensity)
    hour = np.searchsorted(cumulative, rng.random(n) * cumulative[-1], side="right")
    local = (np.minimum(hour, intensity.size - 1) + rng.random(n)) * HOUR_MS
    # Wrap around the ends so that the period stays filled for every time zone.
    period = scenario.days * DAY_MS
    offset: NDArray[np.int64] = ((local - utc_offset_h * HOUR_MS) % period).astype(np.int64)
    return offset + scenario.start_ms
