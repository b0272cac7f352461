"""Fast travel: a cloned card pays far away, sooner than its owner could have got there."""

from __future__ import annotations

import numpy as np

from processing.generator import geography as geo
from processing.generator.columns import NO_DEVICE, POS, Columns
from processing.generator.patterns.episodes import HOUR_MS, MINUTE_MS, cut, kind, positions, running
from processing.generator.population import Population
from processing.generator.scenario import Scenario
from processing.generator.spending import draw_amount, is_remote


def fast_travel(
    rng: np.random.Generator, scenario: Scenario, population: Population, honest: Columns, budget: int
) -> Columns:
    """One to three payments in another country, 10 to 100 minutes after one in the owner's shop."""
    merchants, users = population.merchants, population.users
    lengths = cut(rng, budget, 1, 3)
    episode, _ = positions(lengths)
    n = episode.size
    present = np.flatnonzero(~is_remote(honest.channel) & (honest.time < scenario.end_ms - 8 * HOUR_MS))
    source = rng.choice(present if present.size else np.arange(len(honest)), lengths.size)
    user = honest.user[source]
    lead = rng.integers(10 * MINUTE_MS, 100 * MINUTE_MS, lengths.size)
    time = (honest.time[source] + lead)[episode] + running(rng.integers(0, 40 * MINUTE_MS, n), episode)
    place = geo.foreign_city(rng, honest.place[source])[episode]
    merchant = merchants.draw(rng, place)
    factor = rng.uniform(1.5, 4.0, n) * users.spending[user][episode]
    return Columns(
        user=user[episode],
        merchant=merchant,
        time=np.minimum(time, scenario.end_ms - 1),
        amount=draw_amount(rng, merchants, merchant, factor),
        place=place,
        lat=geo.rounded(merchants.lat[merchant]),
        lon=geo.rounded(merchants.lon[merchant]),
        device=np.full(n, NO_DEVICE, dtype=np.int64),
        channel=np.full(n, POS, dtype=np.int8),
        declined=rng.random(n) < 0.1,
        fraud=kind("fast_travel", n),
    )
