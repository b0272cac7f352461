"""The aggregates of small random logs are those that plain Python finds."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from typing import Any

import pandas as pd
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from feature_groups.aggregates import MERCHANT_AGGREGATES, USER_AGGREGATES
from feature_groups.names import Names
from pipelines.steps.aggregates import __main__ as aggregates
from pipelines.steps.aggregates.merchants import PRIOR_TRANSACTIONS, merchant_risk
from pipelines.steps.aggregates.users import user_baselines
from pipelines.steps.container import StepError
from pipelines.steps.lake import PROFILES
from pipelines.steps.night import Night
from tests.pipelines.aggregates import oracle

AS_OF = datetime(2026, 3, 1, 2, tzinfo=UTC)
DELAY = 7
Row = dict[str, Any]

# Moments at the very edges of the windows and of the label delay too, and after the as-of time.
_EDGES = [timedelta(days=days) + offset for days in (0, DELAY, 30, 90)
          for offset in (timedelta(milliseconds=-1), timedelta(), timedelta(milliseconds=1))]  # fmt: skip
_AGES = st.one_of(
    st.sampled_from(_EDGES), st.integers(-3 * 3600, 100 * 86_400).map(lambda s: timedelta(seconds=s))
)
_ROWS = st.lists(
    st.fixed_dictionaries(
        {
            "user_id": st.sampled_from(["u1", "u2", "u3"]),
            "merchant_id": st.sampled_from(["m1", "m2"]),
            "amount_minor": st.integers(1, 5_000_000),
            "country": st.sampled_from(["BE", "FR", None]),
            "timestamp": _AGES.map(lambda age: AS_OF - age),
        }
    ),
    max_size=40,
)
_LABELS = st.lists(
    st.tuples(st.integers(0, 39), st.booleans(), st.integers(-48, 24 * 60)), max_size=20
)  # row, fraud, hours before the as-of time
_HOME = st.one_of(st.none(), st.sampled_from(["BE", "FR"]))


def transactions(rows: list[Row]) -> pd.DataFrame:
    frame = pd.DataFrame(
        rows, columns=["transaction_id", "user_id", "merchant_id", "amount_minor", "country", "timestamp"]
    )
    moments = pd.to_datetime(frame["timestamp"], utc=True).dt.as_unit("ms")
    return frame.assign(timestamp=moments, currency="EUR")


def named(rows: list[Row]) -> list[Row]:
    return [{**row, "transaction_id": f"t{number:02d}"} for number, row in enumerate(rows)]


def test_a_deleted_user_has_no_home_of_before() -> None:
    row = {"user_id": "u1", "merchant_id": "m1", "amount_minor": 1, "country": "FR"}
    log = transactions(named([{**row, "timestamp": AS_OF - timedelta(days=1)}]))
    home = {"user_id": "u1", "home_country": "NL", "home_lat": 52.0, "home_lon": 4.0}
    offline = pa.Table.from_pylist(
        [
            {**home, "event_time": AS_OF - timedelta(days=9)},
            {"user_id": "u1", "event_time": AS_OF, "is_deleted": True},
        ],
        schema=PROFILES,
    )

    class Lake(Night):
        def read(self, prefixes: Iterable[str], schema: pa.Schema) -> pa.Table:
            assert [*prefixes] == ["profiles/"]
            return offline.select(schema.names)

    versions = aggregates._profiles(Lake(AS_OF, Names("dev"), "lake"), "s3://lake/profiles/")
    after, before = (user_baselines(log, versions, AS_OF - timedelta(hours=ago)) for ago in (0, 1))
    assert after["home_country"].isna().all()
    assert after["abroad_share_30d"].isna().all()
    assert before["home_country"].tolist() == ["NL"]


@settings(max_examples=60, deadline=None)
@given(rows=_ROWS, home=_HOME)
def test_baselines(rows: list[Row], home: str | None) -> None:
    versions = [
        {"user_id": "u1", "event_time": AS_OF - timedelta(days=9), "home_country": "NL", "home_lat": 52.0,
         "home_lon": 4.0},
        {"user_id": "u1", "event_time": AS_OF, "home_country": home, "home_lat": None, "home_lon": 5.0},
        {"user_id": "u1", "event_time": AS_OF + timedelta(hours=1), "home_country": "XX", "home_lat": 1.0,
         "home_lon": 1.0},
    ]  # fmt: skip
    log = named(rows)
    found = user_baselines(transactions(log), pd.DataFrame(versions).assign(is_deleted=False), AS_OF)
    seen = sorted(
        {r["user_id"] for r in log if AS_OF - timedelta(days=90) <= r["timestamp"] < AS_OF}
    )  # fmt: skip
    assert found["user_id"].tolist() == seen
    assert list(found)[1:] == [column.name for column in USER_AGGREGATES]
    for row in found.to_dict("records"):
        own = [each for each in log if each["user_id"] == row["user_id"]]
        newest = versions[1] if row["user_id"] == "u1" else None
        expected = oracle.baseline(own, newest, AS_OF)
        assert {
            name: row[name] for name, value in expected.items() if not oracle.agrees(row[name], value)
        } == {}


@settings(max_examples=60, deadline=None)
@given(rows=_ROWS, known=_LABELS)
def test_risk(rows: list[Row], known: list[tuple[int, bool, int]]) -> None:
    log = named(rows)
    labels = [
        {
            "transaction_id": f"t{number:02d}",
            "is_fraud": fraud,
            # No two at once: which of them is the latest would be anybody's guess.
            "investigation_complete_time": AS_OF - timedelta(hours=hours, milliseconds=place),
        }
        for place, (number, fraud, hours) in enumerate(known)
    ]
    columns = ["transaction_id", "is_fraud", "investigation_complete_time"]
    frame = pd.DataFrame(labels, columns=columns).sort_values("investigation_complete_time", kind="stable")
    frame["investigation_complete_time"] = pd.to_datetime(frame["investigation_complete_time"], utc=True)
    found = merchant_risk(transactions(log), frame, AS_OF, label_delay_days=DELAY)
    assert list(found)[1:] == [column.name for column in MERCHANT_AGGREGATES]
    for row in found.to_dict("records"):
        own = [each for each in log if each["merchant_id"] == row["merchant_id"]]
        expected = oracle.risk(own, log, labels, AS_OF, DELAY, PRIOR_TRANSACTIONS)
        assert {
            name: row[name] for name, value in expected.items() if not oracle.agrees(row[name], value)
        } == {}


def test_one_fraud_among_few_makes_no_merchant_notorious() -> None:
    old = AS_OF - timedelta(days=20)
    rows = named(
        [
            {"user_id": "u", "merchant_id": merchant, "amount_minor": 100, "country": None, "timestamp": old}
            for merchant, count in (("small", 3), ("large", 997))
            for _ in range(count)
        ]
    )
    labels = pd.DataFrame(
        {"transaction_id": ["t00"], "is_fraud": [True], "investigation_complete_time": [AS_OF]}
    )
    found = merchant_risk(transactions(rows), labels, AS_OF, label_delay_days=7).set_index("merchant_id")
    assert found.loc["small", "fraud_count_30d"] == 1
    assert found.loc["small", "fraud_rate_30d"] == pytest.approx((1 + 100 * 0.001) / 103)
    assert found.loc["large", "fraud_rate_30d"] == pytest.approx((0 + 100 * 0.001) / 1097)


def test_amounts_of_other_currencies_add_up_in_major_units_and_an_unknown_one_is_named() -> None:
    moment = AS_OF - timedelta(days=1)
    rows = named(
        [
            {"user_id": "u", "merchant_id": "m", "amount_minor": 250, "country": None, "timestamp": moment}
            for _ in range(2)
        ]
    )
    frame = transactions(rows).assign(currency=["EUR", "JPY"])
    profiles = pd.DataFrame(
        columns=["user_id", "event_time", "home_country", "home_lat", "home_lon", "is_deleted"], dtype=object
    )
    found = user_baselines(frame, profiles, AS_OF)
    assert found["amount_mean_30d"].tolist() == [(2.5 + 250) / 2]
    with pytest.raises(StepError, match="XXX"):
        user_baselines(frame.assign(currency="XXX"), profiles, AS_OF)
