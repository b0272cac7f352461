"""Card testing: many tiny payments at web shops within minutes, then the big purchase."""

from __future__ import annotations

import numpy as np

from processing.generator import geography as geo
from processing.generator.columns import ONLINE, Columns
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
from processing.generator.population import Population
from processing.generator.scenario import Scenario


def card_testing(
    rng: np.random.Generator, scenario: Scenario, population: Population, _honest: Columns, budget: int
) -> Columns:
    """Five to twelve tests of 0.50 to 2.50 a minute or two apart; the last event is 250 to 1,800."""
    users, merchants = population.users, population.merchants
    lengths = cut(rng, budget, 6, 13)
    episode, place_in = positions(lengths)
    last = place_in == lengths[episode] - 1
    n = episode.size
    user = rng.integers(0, users.home.size, lengths.size).astype(np.int32)
    gaps = np.where(last, rng.integers(5 * MINUTE_MS, HOUR_MS, n), rng.integers(10_000, 3 * MINUTE_MS, n))
    time = start_times(rng, scenario, lengths.size, 2 * HOUR_MS)[episode] + running(gaps, episode)
    tests = rng.choice(merchants.of_category("digital-goods"), lengths.size)[episode]
    spree = rng.choice(merchants.of_category("online-retail"), n)
    place = geo.foreign_city(rng, users.home[user])
    # Half of the testers hide behind an address in the card holder's own city.
    place = np.where(rng.random(lengths.size) < 0.5, users.home[user], place)[episode]
    return Columns(
        user=user[episode],
        merchant=np.where(last, spree, tests).astype(np.int32),
        time=time,
        amount=np.where(last, rng.integers(25_000, 180_000, n), rng.integers(50, 250, n)),
        place=place,
        lat=geo.rounded(geo.LAT[place] + rng.normal(0, 0.05, n)),
        lon=geo.rounded(geo.LON[place] + rng.normal(0, 0.05, n)),
        device=stolen_device(rng, user)[episode],
        channel=np.full(n, ONLINE, dtype=np.int8),
        declined=rng.random(n) < 0.3,
        fraud=kind("card_testing", n),
    )
