"""Whole columns are encoded as single values are, bit for bit."""

from __future__ import annotations

from pathlib import Path
from random import Random

import numpy as np
import pyarrow as pa
import pytest

from processing.engines import encode
from processing.engines.columns import EventColumns, FraudReports
from processing.engines.homes import Homes
from processing.events.currencies import hundredths
from processing.features.geography import distance_km
from processing.windows import country_code, identity
from tests.processing.engines.embedded_logs import columns
from tests.processing.windows.logs import one


def test_amounts_of_every_kind_of_currency() -> None:
    random = Random(1)
    currencies = [random.choice(("EUR", "JPY", "KWD")) for _ in range(2000)]
    minor = [random.randrange(10**6) for _ in currencies]
    expected = [hundredths(amount, currency) for amount, currency in zip(minor, currencies, strict=True)]
    column = pa.chunked_array([currencies])
    assert encode.hundredths(np.array(minor), column).tolist() == expected
    decimals = [{"EUR": 100, "JPY": 1, "KWD": 1000}[currency] for currency in currencies]
    major = np.array(minor) / np.array(decimals)
    assert encode.minor_units(major, column).tolist() == minor


def test_texts_that_are_missing_or_unknown() -> None:
    assert encode.devices(pa.chunked_array([["d", None, ""]])).tolist() == [identity("d"), 0, 0]
    assert encode.countries(pa.chunked_array([["FR", None]])).tolist() == [country_code("FR"), 0]
    assert encode.statuses(pa.chunked_array([["approved", "declined", None]])).tolist() == [1, 2, 0]
    assert encode.countries(pa.chunked_array([pa.nulls(2, pa.string())])).tolist() == [0, 0]
    assert encode.devices(pa.chunked_array([pa.nulls(0, pa.string())])).tolist() == []
    with pytest.raises(ValueError, match="status 'lost'"):
        encode.statuses(pa.chunked_array([["lost"]]))
    with pytest.raises(ValueError, match="currency 'XXX'"):
        encode.hundredths(np.array([1]), pa.chunked_array([["XXX"]]))


@pytest.mark.parametrize("unit", ["s", "ms", "us", "ns"])
def test_times_of_every_unit_are_cut_to_milliseconds(unit: str) -> None:
    moments = pa.array([-1, 0, 1_772_368_496], pa.timestamp("s", "UTC")).cast(pa.timestamp(unit, "UTC"))
    assert encode.milliseconds(pa.chunked_array([moments])).tolist() == [-1000, 0, 1_772_368_496_000]
    fine = pa.array([-1, 1_999_999], pa.timestamp("ns", "UTC"))
    assert encode.milliseconds(pa.chunked_array([fine])).tolist() == [-1, 1]


def test_first_arrivals() -> None:
    assert encode.first_arrivals(pa.chunked_array([[1, 2, 5]])) is None
    assert encode.first_arrivals(pa.chunked_array([[5, 2, 9]])) is None
    assert encode.first_arrivals(pa.chunked_array([["b", "a"], ["c"]])) is None
    found = encode.first_arrivals(pa.chunked_array([["b", "a", "b"], ["a", "c"]]))
    assert found is not None
    assert found.tolist() == [0, 1, 4]


def test_the_newest_home_that_is_not_younger() -> None:
    random = Random(2)
    users = [random.choice("abc") for _ in range(60)]
    since = [random.randrange(20) for _ in users]
    lat = [random.choice((None, random.uniform(-90, 90))) for _ in users]
    country = [random.choice((None, "FR", "DE")) for _ in users]
    homes = Homes(
        pa.array(users),
        np.array(since),
        np.array([np.nan if value is None else value for value in lat]),
        np.zeros(len(users)),
        pa.array(country),
    )
    names, codes = ["c", "x", "b", "a"], np.array([random.randrange(4) for _ in range(500)], np.int32)
    times = np.array([random.randrange(-2, 25) for _ in codes])
    places = [random.choice((np.nan, random.uniform(-90, 90))) for _ in codes]
    abroad = [random.choice((None, "FR", "DE")) for _ in codes]
    version = homes.versions_at(names, codes, times)
    distances = homes.distances(version, np.array(places), np.full(codes.size, 7.0))
    foreign = homes.foreign(version, pa.array(abroad))
    for row, (code, time) in enumerate(zip(codes, times, strict=True)):
        known = [(t, n) for n, t in enumerate(since) if users[n] == names[code] and t <= time]
        home = max(known)[1] if known else None
        expected = np.nan
        degrees = None if home is None else lat[home]
        if degrees is not None and not np.isnan(places[row]):
            expected = distance_km(degrees, 0.0, places[row], 7.0)
        assert distances[row] == expected or (np.isnan(distances[row]) and np.isnan(expected))
        if home is None or country[home] is None or abroad[row] is None:
            assert np.isnan(foreign[row])
        else:
            assert foreign[row] == float(country[home] != abroad[row])


def test_columns_and_reports_survive_a_file(tmp_path: Path) -> None:
    events = columns(one(Random(4)))
    events.write(tmp_path / "events.parquet")
    again = EventColumns.read(tmp_path / "events.parquet")
    places = ["distance", "foreign"]  # unknown, and NaN is not equal to itself
    assert again.to_table().drop_columns(places).equals(events.to_table().drop_columns(places))
    assert np.array_equal(again.user_identity[again.user], events.user_identity[events.user])
    kept = again.take(np.array([2, 0])) if len(again) > 2 else again
    assert len(kept.ids) == len(kept)
    reports = FraudReports.of([("m", 5), ("n", 7)])
    reports.write(tmp_path / "frauds.parquet")
    read = FraudReports.read(tmp_path / "frauds.parquet")
    assert read.known.tolist() == [5, 7]
    assert read.merchant.tolist() == [identity("m"), identity("n")]


def test_homes_in_the_rows() -> None:
    table = pa.table({"home_lat": [48.85, None, 0.0], "home_lon": [2.35, 2.35, 0.0]})
    place = tuple(
        pa.chunked_array([values])
        for values in (
            pa.array([43.3, 43.3, None]),
            pa.array([5.4, 5.4, 0.0]),
            pa.array(["FR", "FR", "FR"]),
        )
    )
    distance, foreign = encode.against_own_home(table, (place[0], place[1], place[2]))
    assert distance[0] == distance_km(48.85, 2.35, 43.3, 5.4)
    assert np.isnan(distance[1:]).all()
    assert np.isnan(foreign).all()
