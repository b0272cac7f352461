"""The map: cities where people live, shops stand and frauds come from."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray


class City(NamedTuple):
    """`weight` is the share of card holders; 0 marks places that are only visited or attacked from."""

    name: str
    country: str
    lat: float
    lon: float
    weight: float
    utc_offset: int
    currency: str


CITIES = (
    City("Paris", "FR", 48.857, 2.352, 10, 1, "EUR"),
    City("Lyon", "FR", 45.764, 4.836, 4, 1, "EUR"),
    City("Marseille", "FR", 43.296, 5.370, 3, 1, "EUR"),
    City("Berlin", "DE", 52.520, 13.405, 8, 1, "EUR"),
    City("Hamburg", "DE", 53.551, 9.994, 5, 1, "EUR"),
    City("Munich", "DE", 48.137, 11.575, 5, 1, "EUR"),
    City("Madrid", "ES", 40.417, -3.704, 6, 1, "EUR"),
    City("Barcelona", "ES", 41.385, 2.173, 5, 1, "EUR"),
    City("Rome", "IT", 41.903, 12.496, 6, 1, "EUR"),
    City("Milan", "IT", 45.464, 9.190, 5, 1, "EUR"),
    City("Amsterdam", "NL", 52.368, 4.904, 5, 1, "EUR"),
    City("Brussels", "BE", 50.850, 4.352, 4, 1, "EUR"),
    City("Lisbon", "PT", 38.722, -9.139, 3, 0, "EUR"),
    City("Vienna", "AT", 48.208, 16.373, 3, 1, "EUR"),
    City("London", "GB", 51.507, -0.128, 10, 0, "GBP"),
    City("Manchester", "GB", 53.481, -2.242, 4, 0, "GBP"),
    City("Zurich", "CH", 47.377, 8.541, 3, 1, "CHF"),
    City("New York", "US", 40.713, -74.006, 6, -5, "USD"),
    City("Chicago", "US", 41.878, -87.630, 4, -6, "USD"),
    City("Los Angeles", "US", 34.052, -118.244, 4, -8, "USD"),
    City("Istanbul", "TR", 41.008, 28.978, 0, 3, "EUR"),
    City("Marrakesh", "MA", 31.629, -7.981, 0, 1, "EUR"),
    City("Bangkok", "TH", 13.756, 100.502, 0, 7, "USD"),
    City("Dubai", "AE", 25.204, 55.271, 0, 4, "USD"),
    City("Lagos", "NG", 6.524, 3.379, 0, 1, "USD"),
    City("Kyiv", "UA", 50.450, 30.523, 0, 2, "EUR"),
    City("Sao Paulo", "BR", -23.551, -46.633, 0, -3, "USD"),
    City("Manila", "PH", 14.600, 120.984, 0, 8, "USD"),
)

LAT: NDArray[np.float64] = np.array([c.lat for c in CITIES])
LON: NDArray[np.float64] = np.array([c.lon for c in CITIES])
UTC_OFFSET_H: NDArray[np.int64] = np.array([c.utc_offset for c in CITIES], dtype=np.int64)
HOME_WEIGHT: NDArray[np.float64] = np.array([c.weight for c in CITIES]) / sum(c.weight for c in CITIES)
# Shops also stand where nobody of ours lives: travellers and frauds buy there.
SHOP_WEIGHT: NDArray[np.float64] = np.maximum(HOME_WEIGHT, 0.012) / np.maximum(HOME_WEIGHT, 0.012).sum()
COUNTRIES: tuple[str, ...] = tuple(dict.fromkeys(c.country for c in CITIES))
COUNTRY: NDArray[np.int16] = np.array([COUNTRIES.index(c.country) for c in CITIES], dtype=np.int16)
CURRENCIES: tuple[str, ...] = tuple(dict.fromkeys(c.currency for c in CITIES))
CURRENCY: NDArray[np.int16] = np.array([CURRENCIES.index(c.currency) for c in CITIES], dtype=np.int16)


def foreign_city(rng: np.random.Generator, home: NDArray[np.int16]) -> NDArray[np.int16]:
    """For every home city, a random city in another country."""
    city = rng.integers(0, len(CITIES), home.size)
    same = COUNTRY[city] == COUNTRY[home]
    while same.any():
        city[same] = rng.integers(0, len(CITIES), int(same.sum()))
        same = COUNTRY[city] == COUNTRY[home]
    return city.astype(np.int16)


def rounded(degrees: NDArray[np.floating]) -> NDArray[np.float64]:
    """Coordinates to four decimals, about 10 m."""
    return np.round(degrees, 4).astype(np.float64)
