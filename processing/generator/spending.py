"""Legitimate transactions: where a user buys, how much, on which channel and device."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from processing.generator import geography as geo
from processing.generator.columns import ATM, CONTACTLESS, MOBILE, NO_DEVICE, ONLINE, POS, Columns
from processing.generator.population import (
    CATEGORIES,
    FAVOURITES,
    ONLINE_ZONE,
    TRIPS,
    Merchants,
    Population,
)
from processing.generator.rhythm import sample_times
from processing.generator.scenario import Scenario

DEVICES_PER_USER = 1000  # device number = user * 1000 + index; frauds use indices above 500
MAX_AMOUNT = 1_000_000
_MEDIAN = np.array([c.median for c in CATEGORIES])
_SIGMA = np.array([c.sigma for c in CATEGORIES])
_CASH = np.array([c.cash for c in CATEGORIES])


def legitimate(rng: np.random.Generator, scenario: Scenario, population: Population, n: int) -> Columns:
    """`n` transactions of honest users, in no particular order."""
    users, merchants = population.users, population.merchants
    reach = np.cumsum(users.activity)
    user = np.searchsorted(reach, rng.random(n) * reach[-1]).astype(np.int32)
    user = np.minimum(user, users.home.size - 1)
    time = sample_times(rng, scenario, geo.UTC_OFFSET_H[users.home[user]])
    place, away = _whereabouts(rng, population, user, time)

    online = rng.random(n) < users.online_share[user]
    merchant = merchants.draw(rng, np.where(online, ONLINE_ZONE, place))
    usual = ~online & ~away & (rng.random(n) < 0.65)
    # Favourites are visited unevenly: the first about four times as often as the last.
    rank = (rng.random(n) ** 1.6 * FAVOURITES).astype(np.intp)
    merchant = np.where(usual, population.favourites[user, rank], merchant)

    amount = draw_amount(rng, merchants, merchant, users.spending[user])
    channel = draw_channel(rng, merchants, merchant, amount)
    lat, lon = locate(rng, population, user, merchant, place, away, channel)
    return Columns(
        user=user,
        merchant=merchant,
        time=time,
        amount=amount,
        place=place,
        lat=lat,
        lon=lon,
        device=_device(rng, population, user, time, channel),
        channel=channel,
        declined=rng.random(n) < np.where(channel == ATM, 0.05, 0.025),
        fraud=np.zeros(n, dtype=np.int8),
    )


def draw_amount(
    rng: np.random.Generator,
    merchants: Merchants,
    merchant: NDArray[np.int32],
    scale: NDArray[np.float64],
) -> NDArray[np.int64]:
    """Log-normal amounts of each merchant's category in minor units; cash comes in tens."""
    category = merchants.category[merchant]
    major = _MEDIAN[category] * scale * np.exp(_SIGMA[category] * rng.standard_normal(merchant.size))
    minor = np.rint(major * 100).astype(np.int64)
    minor = np.where(_CASH[category], np.maximum(minor // 1000, 1) * 1000, minor)
    return np.clip(minor, 50, MAX_AMOUNT)


def draw_channel(
    rng: np.random.Generator,
    merchants: Merchants,
    merchant: NDArray[np.int32],
    amount: NDArray[np.int64],
) -> NDArray[np.int8]:
    """Cash at machines, web shops online or by phone, small amounts in shops mostly contactless."""
    coin = rng.random(merchant.size)
    shop = np.where(coin < np.where(amount <= 5_000, 0.8, 0.25), CONTACTLESS, POS)
    web = np.where(coin < 0.45, MOBILE, ONLINE)
    channel = np.where(merchants.zone[merchant] == ONLINE_ZONE, web, shop)
    return np.where(_CASH[merchants.category[merchant]], ATM, channel).astype(np.int8)


def is_remote(channel: NDArray[np.int8]) -> NDArray[np.bool_]:
    """Whether the card was absent: the location is the buyer's, and a device is seen."""
    remote: NDArray[np.bool_] = (channel == ONLINE) | (channel == MOBILE)
    return remote


def locate(
    rng: np.random.Generator,
    population: Population,
    user: NDArray[np.int32],
    merchant: NDArray[np.int32],
    place: NDArray[np.int16],
    away: NDArray[np.bool_],
    channel: NDArray[np.int8],
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Latitude and longitude: the shop's, or the buyer's where the card was absent; to about 10 m."""
    remote = is_remote(channel)
    users, merchants = population.users, population.merchants
    lat = np.where(away, geo.LAT[place], users.lat[user]) + rng.normal(0, 0.01, user.size)
    lon = np.where(away, geo.LON[place], users.lon[user]) + rng.normal(0, 0.01, user.size)
    return (
        geo.rounded(np.where(remote, lat, merchants.lat[merchant])),
        geo.rounded(np.where(remote, lon, merchants.lon[merchant])),
    )


def _whereabouts(
    rng: np.random.Generator,
    population: Population,
    user: NDArray[np.int32],
    time: NDArray[np.int64],
) -> tuple[NDArray[np.int16], NDArray[np.bool_]]:
    """The city a user is in: at home, on a trip abroad, or for a day elsewhere in the country."""
    users = population.users
    place = users.home[user]
    away = np.zeros(user.size, dtype=bool)
    for trip in range(TRIPS):
        during = (time >= users.trip_start[user, trip]) & (time < users.trip_end[user, trip])
        place = np.where(during, users.trip_city[user, trip], place)
        away |= during
    other = rng.choice(len(geo.CITIES), user.size, p=geo.SHOP_WEIGHT).astype(np.int16)
    outing = ~away & (rng.random(user.size) < 0.04) & (geo.COUNTRY[other] == geo.COUNTRY[place])
    return np.where(outing, other, place).astype(np.int16), away | outing


def _device(
    rng: np.random.Generator,
    population: Population,
    user: NDArray[np.int32],
    time: NDArray[np.int64],
    channel: NDArray[np.int8],
) -> NDArray[np.int64]:
    replaced = (time >= population.users.new_phone_ms[user]).astype(np.int64) * 2
    second = (rng.random(user.size) < 0.12).astype(np.int64)
    device = user.astype(np.int64) * DEVICES_PER_USER + replaced + second
    return np.where(is_remote(channel), device, NO_DEVICE)
