"""Account takeover: a new device in a new country spends high amounts within a few hours."""

from __future__ import annotations

import numpy as np

from processing.generator import geography as geo
from processing.generator.columns import MOBILE, ONLINE, Columns
from processing.generator.patterns.episodes import (
    HOUR_MS,
    MINUTE_MS,
    cut,
    kind,
    positions,
    running,
    start_times,
    stolen_device,
)
from processing.generator.population import ONLINE_ZONE, Population
from processing.generator.scenario import Scenario
from processing.generator.spending import draw_amount


def account_takeover(
    rng: np.random.Generator, scenario: Scenario, population: Population, _honest: Columns, budget: int
) -> Columns:
    """Three to seven purchases, each several times what the shop usually sells, from one foreign city."""
    users, merchants = population.users, population.merchants
    lengths = cut(rng, budget, 3, 7)
    episode, _ = positions(lengths)
    n = episode.size
    user = rng.integers(0, users.home.size, lengths.size).astype(np.int32)
    gaps = rng.integers(4 * MINUTE_MS, 70 * MINUTE_MS, n)
    time = start_times(rng, scenario, lengths.size, 9 * HOUR_MS)[episode] + running(gaps, episode)
    merchant = merchants.draw(rng, np.full(n, ONLINE_ZONE, dtype=np.int16))
    place = geo.foreign_city(rng, users.home[user])[episode]
    factor = rng.uniform(2.5, 7.0, n) * np.maximum(users.spending[user][episode], 0.8)
    return Columns(
        user=user[episode],
        merchant=merchant,
        time=time,
        amount=np.maximum(draw_amount(rng, merchants, merchant, factor), 4_000),
        place=place,
        lat=geo.rounded(geo.LAT[place] + rng.normal(0, 0.05, n)),
        lon=geo.rounded(geo.LON[place] + rng.normal(0, 0.05, n)),
        device=stolen_device(rng, user)[episode],
        channel=np.where(rng.random(n) < 0.5, ONLINE, MOBILE).astype(np.int8),
        declined=rng.random(n) < 0.15,
        fraud=kind("account_takeover", n),
    )
