"""Compromised merchant: cards copied at one shop are abused, days to weeks later, in many others."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from processing.generator import geography as geo
from processing.generator.columns import NO_DEVICE, POS, Columns
from processing.generator.patterns.episodes import HOUR_MS, cut, kind, positions, running
from processing.generator.population import Population
from processing.generator.scenario import DAY_MS, Scenario
from processing.generator.spending import draw_amount

FRAUDS_PER_SHOP = 30
COPYING_MS = 10 * DAY_MS
FIRST_ABUSE_MS, LAST_ABUSE_MS = 2 * DAY_MS, 20 * DAY_MS


def compromised_merchant(
    rng: np.random.Generator, scenario: Scenario, population: Population, honest: Columns, budget: int
) -> Columns:
    """Cards seen at a busy shop within ten days make one to three purchases, 2 to 20 days later.

    The copies are cashed mostly at a handful of accomplice merchants, at two to six times the
    user's usual amounts.
    """
    merchants, users = population.merchants, population.users
    lengths = cut(rng, budget, 1, 3)
    episode, _ = positions(lengths)
    n = episode.size
    shops = max(1, round(budget / FRAUDS_PER_SHOP))
    source = _copied(rng, scenario, population, honest, shops, lengths.size)
    user = honest.user[source]
    # Late copies are abused sooner, so that the abuse still falls into the period.
    last = np.clip(scenario.end_ms - HOUR_MS - honest.time[source], HOUR_MS, LAST_ABUSE_MS)
    first = np.minimum(FIRST_ABUSE_MS, last // 2)
    delay = first + (rng.random(lengths.size) * (last - first)).astype(np.int64)
    time = (honest.time[source] + delay)[episode] + running(
        rng.integers(HOUR_MS // 6, 8 * HOUR_MS, n), episode
    )
    accomplices = merchants.draw(rng, users.home[rng.integers(0, users.home.size, shops)])
    merchant = np.where(
        rng.random(n) < 0.75,
        rng.choice(accomplices, n),
        merchants.draw(rng, users.home[user][episode]),
    ).astype(np.int32)
    place = np.minimum(merchants.zone[merchant], len(geo.CITIES) - 1).astype(np.int16)
    factor = rng.uniform(2.0, 6.0, n) * users.spending[user][episode]
    return Columns(
        user=user[episode],
        merchant=merchant,
        time=np.minimum(time, scenario.end_ms - 1),
        amount=np.maximum(draw_amount(rng, merchants, merchant, factor), 4_000),
        place=place,
        lat=geo.rounded(merchants.lat[merchant]),
        lon=geo.rounded(merchants.lon[merchant]),
        device=np.full(n, NO_DEVICE, dtype=np.int64),
        channel=np.full(n, POS, dtype=np.int8),
        declined=rng.random(n) < 0.08,
        fraud=kind("compromised_merchant", n),
    )


def _copied(
    rng: np.random.Generator,
    scenario: Scenario,
    population: Population,
    honest: Columns,
    shops: int,
    count: int,
) -> NDArray[np.intp]:
    """`count` honest payments whose cards were copied, in equal parts at `shops` busy shops."""
    visits = np.bincount(honest.merchant, minlength=population.merchants.zone.size)
    busiest = np.argsort(-visits, kind="stable")[: max(20, visits.size // 10)]
    period = scenario.end_ms - scenario.start_ms
    found = []
    for shop in rng.choice(busiest, min(shops, busiest.size), replace=False):
        begins = scenario.start_ms + rng.random() * max(period - COPYING_MS - FIRST_ABUSE_MS, 0)
        during = (honest.time >= begins) & (honest.time < begins + COPYING_MS)
        payments = np.flatnonzero((honest.merchant == shop) & during)
        if payments.size:
            found.append(rng.choice(payments, -(-count // shops)))
    exposed = np.concatenate(found) if found else np.arange(len(honest))
    return rng.permutation(exposed)[:count] if exposed.size >= count else rng.choice(exposed, count)
