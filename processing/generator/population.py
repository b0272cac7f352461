"""Who pays and who is paid: users with homes, habits and devices; merchants with categories and places."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from processing.generator import geography as geo
from processing.generator.scenario import DAY_MS, Scenario

FAVOURITES = 8
TRIPS = 2


@dataclass(frozen=True, slots=True)
class Category:
    """A kind of shop. Amounts are log-normal around `median` (major units) with spread `sigma`."""

    name: str
    median: float
    sigma: float
    share: float
    online: bool = False
    cash: bool = False


CATEGORIES = (
    Category("grocery", 28.0, 0.7, 0.24),
    Category("restaurant", 24.0, 0.6, 0.20),
    Category("fuel", 48.0, 0.35, 0.07),
    Category("pharmacy", 17.0, 0.6, 0.07),
    Category("clothing", 55.0, 0.7, 0.10),
    Category("electronics", 140.0, 0.9, 0.05),
    Category("transport", 9.0, 0.7, 0.06),
    Category("jewellery", 210.0, 0.8, 0.02),
    Category("cash", 70.0, 0.5, 0.05, cash=True),
    Category("online-retail", 42.0, 0.8, 0.07, online=True),
    Category("digital-goods", 8.0, 0.8, 0.04, online=True),
    Category("travel-booking", 190.0, 0.8, 0.03, online=True),
)
CATEGORY_INDEX = {category.name: i for i, category in enumerate(CATEGORIES)}


@dataclass(frozen=True, slots=True)
class Users:
    """One row per card holder. Trip arrays have shape (users, TRIPS)."""

    home: NDArray[np.int16]
    lat: NDArray[np.float64]
    lon: NDArray[np.float64]
    created_ms: NDArray[np.int64]
    activity: NDArray[np.float64]
    spending: NDArray[np.float64]
    online_share: NDArray[np.float64]
    new_phone_ms: NDArray[np.int64]
    trip_start: NDArray[np.int64]
    trip_end: NDArray[np.int64]
    trip_city: NDArray[np.int16]


@dataclass(frozen=True, slots=True)
class Merchants:
    """One row per merchant, ordered by `zone`: physical ones by city, then all online ones.

    `reach` is cumulative popularity, so that one sorted search draws a merchant of a zone.
    """

    zone: NDArray[np.int16]
    category: NDArray[np.int8]
    lat: NDArray[np.float64]
    lon: NDArray[np.float64]
    reach: NDArray[np.float64]

    def draw(self, rng: np.random.Generator, zone: NDArray[np.int16]) -> NDArray[np.int32]:
        """A merchant of each zone, by popularity."""
        first = np.searchsorted(self.zone, zone, side="left")
        last = np.searchsorted(self.zone, zone, side="right") - 1
        low = np.where(first > 0, self.reach[first - 1], 0.0)
        point = low + rng.random(zone.size) * (self.reach[last] - low)
        found = np.searchsorted(self.reach, point, side="right")
        return np.clip(found, first, last).astype(np.int32)

    def of_category(self, name: str) -> NDArray[np.int32]:
        """Indices of all merchants of a category."""
        return np.flatnonzero(self.category == CATEGORY_INDEX[name]).astype(np.int32)


ONLINE_ZONE = np.int16(len(geo.CITIES))


@dataclass(frozen=True, slots=True)
class Population:
    """Users, merchants, and the merchants each user returns to: shape (users, FAVOURITES)."""

    users: Users
    merchants: Merchants
    favourites: NDArray[np.int32]


def populate(rng: np.random.Generator, scenario: Scenario) -> Population:
    """Draw the population of a scenario."""
    users = _users(rng, scenario)
    merchants = _merchants(rng, scenario.merchant_count)
    zones = np.repeat(users.home, FAVOURITES)
    favourites = merchants.draw(rng, zones).reshape(-1, FAVOURITES)
    return Population(users, merchants, favourites)


def _users(rng: np.random.Generator, scenario: Scenario) -> Users:
    n, start = scenario.user_count, scenario.start_ms
    home = rng.choice(len(geo.CITIES), n, p=geo.HOME_WEIGHT).astype(np.int16)
    age_days = np.clip(rng.lognormal(np.log(600), 1.1, n), 3, 5_000)
    trip_start = start + (rng.random((n, TRIPS)) * scenario.days * DAY_MS).astype(np.int64)
    # Three users in four stay at home; a trip of length zero is no trip.
    trip_days = rng.uniform(2, 10, (n, TRIPS)) * (rng.random((n, TRIPS)) < 0.14)
    return Users(
        home=home,
        lat=geo.LAT[home] + rng.normal(0, 0.06, n),
        lon=geo.LON[home] + rng.normal(0, 0.08, n),
        created_ms=(start - age_days * DAY_MS).astype(np.int64),
        activity=rng.gamma(2.0, 1.0, n) + 0.05,
        spending=np.exp(rng.normal(0, 0.45, n)),
        online_share=rng.beta(2, 7, n),
        # A quarter of the users replace their phone within 60 days: a new device alone is no fraud.
        new_phone_ms=start + (rng.exponential(210, n) * DAY_MS).astype(np.int64),
        trip_start=trip_start,
        trip_end=trip_start + (trip_days * DAY_MS).astype(np.int64),
        trip_city=np.stack([geo.foreign_city(rng, home) for _ in range(TRIPS)], axis=1),
    )


def _merchants(rng: np.random.Generator, n: int) -> Merchants:
    online = np.array([c.online for c in CATEGORIES])
    share = np.array([c.share for c in CATEGORIES])
    # Every zone has a shop, so that a traveller always finds one.
    zones = len(geo.CITIES)
    n_online = max(30, n // 10)
    n_local = max(n - n_online, 3 * zones)
    city = rng.choice(zones, n_local - zones, p=geo.SHOP_WEIGHT)
    zone = np.sort(np.concatenate([np.arange(zones), city])).astype(np.int16)
    local = rng.choice(np.flatnonzero(~online), n_local, p=share[~online] / share[~online].sum())
    # Each online category appears at least once: card testing needs its digital goods.
    web = np.concatenate(
        [np.flatnonzero(online), rng.choice(np.flatnonzero(online), n_online - int(online.sum()))]
    )
    zone = np.concatenate([zone, np.full(n_online, ONLINE_ZONE)])
    at = np.minimum(zone, zones - 1)
    popularity = 1.0 / (rng.permutation(zone.size) + 10.0) ** 0.9
    return Merchants(
        zone=zone,
        category=np.concatenate([local, web]).astype(np.int8),
        lat=geo.LAT[at] + rng.normal(0, 0.05, zone.size),
        lon=geo.LON[at] + rng.normal(0, 0.07, zone.size),
        reach=np.cumsum(popularity),
    )
