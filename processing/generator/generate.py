"""From a scenario to tables: population, honest traffic, frauds on top, labels."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from processing.generator import geography as geo
from processing.generator.columns import CHANNELS, FRAUD_TYPES, Columns
from processing.generator.labels import investigate
from processing.generator.patterns import frauds
from processing.generator.population import Population, populate
from processing.generator.scenario import Scenario
from processing.generator.spending import legitimate
from processing.sources.dataset import TRANSACTIONS, TRUTH, USERS, Dataset


def generate(scenario: Scenario) -> Dataset:
    """The scenario's transactions in time order, its labels, users and truth."""
    rng = np.random.default_rng(scenario.seed)
    population = populate(rng, scenario)
    fraud_count = round(scenario.events * scenario.fraud_rate)
    honest = legitimate(rng, scenario, population, scenario.events - fraud_count)
    parts = [honest]
    if fraud_count:
        parts.append(frauds(rng, scenario, population, honest, fraud_count))
    columns = Columns.concat(parts)
    columns = columns.take(np.argsort(columns.time, kind="stable"))
    transactions = _transactions(scenario, population, columns)
    return Dataset(
        transactions=transactions,
        labels=investigate(rng, columns, transactions["transaction_id"].combine_chunks()),
        users=_users(population),
        truth=pa.table(
            {
                "transaction_id": transactions["transaction_id"],
                "is_fraud": columns.fraud > 0,
                "fraud_type": _coded(FRAUD_TYPES[1:], columns.fraud.astype(np.int64) - 1),
            },
            schema=TRUTH,
        ),
    )


def _transactions(scenario: Scenario, population: Population, columns: Columns) -> pa.Table:
    return pa.table(
        {
            "transaction_id": _numbered(f"t{scenario.seed}-", np.arange(len(columns)), 9),
            "user_id": _numbered("u-", columns.user, 6),
            "merchant_id": _numbered("m-", columns.merchant, 6),
            "amount": columns.amount / 100.0,
            "currency": _coded(geo.CURRENCIES, geo.CURRENCY[population.users.home[columns.user]]),
            "timestamp": pa.array(columns.time, pa.timestamp("ms", "UTC")),
            "lat": columns.lat,
            "lon": columns.lon,
            "country": _coded(geo.COUNTRIES, geo.COUNTRY[columns.place]),
            "device": _numbered("d-", columns.device, 9),
            "channel": _coded(CHANNELS, columns.channel),
            "status": _coded(("approved", "declined"), columns.declined.astype(np.int8)),
        },
        schema=TRANSACTIONS,
    )


def _users(population: Population) -> pa.Table:
    users = population.users
    return pa.table(
        {
            "user_id": _numbered("u-", np.arange(users.home.size), 6),
            "home_lat": geo.rounded(users.lat),
            "home_lon": geo.rounded(users.lon),
            "home_country": _coded(geo.COUNTRIES, geo.COUNTRY[users.home]),
            "account_created_at": pa.array(users.created_ms, pa.timestamp("ms", "UTC")),
        },
        schema=USERS,
    )


def _numbered(prefix: str, numbers: NDArray[np.integer], width: int) -> pa.Array:
    """``u-000012``; a negative number is a missing value."""
    values = pa.array(numbers, mask=numbers < 0)
    digits = pc.utf8_lpad(pc.cast(values, pa.string()), width, "0")
    return pc.binary_join_element_wise(pa.scalar(prefix), digits, "")


def _coded(names: tuple[str, ...], codes: NDArray[np.integer]) -> pa.Array:
    """The name at each code; a negative code is a missing value."""
    return pa.array(names, pa.string()).take(pa.array(codes, mask=codes < 0))
