"""The star schema: keys are columns, Parquet follows from it, and facts are what the lake has."""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import pandas as pd
import pyarrow as pa
import pytest

from pipelines.steps.warehouse import dimensions, facts
from processing.lake.audit import AUDIT
from processing.lake.reading import conform
from processing.warehouse import TABLES, USERS_DIM, Column, Table

DAY = date(2026, 2, 28)
MOMENT = datetime(2026, 2, 28, 12, 30, tzinfo=UTC)


def test_the_schema_is_a_star() -> None:
    named = {table.name: table for table in TABLES}
    facts_of_it = {"transactions_fact", "model_predictions_fact", "labels_fact"}
    assert set(named) == facts_of_it | {"users_dim", "merchants_dim", "date_dim"}
    columns = {name: {column.name: column for column in table.columns} for name, table in named.items()}
    for fact in ("transactions_fact", "model_predictions_fact"):
        for key, dimension in (("user_id", "users_dim"), ("merchant_id", "merchants_dim"),
                               ("date_key", "date_dim")):  # fmt: skip
            assert columns[fact][key].kind == columns[dimension][key].kind
        # Rows that are joined lie on one node.
        assert named[fact].distribution == named["users_dim"].distribution
    for table in TABLES:
        assert table.schema.names == [column.name for column in table.columns]
        assert all(column.description for column in table.columns)
    assert not {"home_lat", "home_lon", "lat", "lon", "device"} & {
        name for each in columns.values() for name in each
    }


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"sort": ("nope",)}, "nope is no column"),
        ({"distribution": "nope"}, "nope is no column"),
        ({"columns": (Column("a", "id", "x"), Column("a", "id", "y"))}, "two columns have one name"),
    ],
)
def test_a_wrong_declaration_is_refused(change: dict[str, Any], message: str) -> None:
    fields: dict[str, Any] = {
        "name": "t", "description": "d", "columns": (Column("a", "id", "x"),), "distribution": "ALL",
        "sort": ("a",),
    }  # fmt: skip
    with pytest.raises(ValueError, match=message):
        Table(**{**fields, **change})


def decision(identifier: str, reasons: list[str]) -> dict[str, Any]:
    said = [{"feature": name, "text": "because"} for name in reasons]
    return {
        "decision_id": identifier, "transaction_id": f"t-{identifier}", "user_id": "u", "merchant_id": "m",
        "decided_at": MOMENT, "decision": "review", "decided_by": "model", "amount": 12.34,
        "currency": "EUR", "rules_version": "1", "reasons": said, "prediction_latency_ms": 3.5,
    }  # fmt: skip


def decisions(*rows: dict[str, Any]) -> pa.Table:
    return pa.Table.from_pylist(list(rows), schema=facts.DECISIONS)


def test_decisions_of_both_kinds_once_each_with_their_first_reasons() -> None:
    realtime = decisions(
        decision("d1", ["amount"]), decision("d2", []), decision("d1", ["amount"]),
        decision("d3", ["a", "b", "c", "d"]),
    )  # fmt: skip
    found = facts.predictions_fact(realtime, decisions(decision("b1", ["x", "y"])), DAY).to_pylist()
    assert [(row["decision_id"], row["mode"]) for row in found] == [
        ("d1", "realtime"), ("d2", "realtime"), ("d3", "realtime"), ("b1", "batch"),
    ]  # fmt: skip
    reasons = [[row[f"reason_{place}"] for place in (1, 2, 3)] for row in found]
    assert reasons == [["amount", None, None], [None] * 3, ["a", "b", "c"], ["x", "y", None]]
    assert {row["amount"] for row in found} == {Decimal("12.34")}
    assert {row["date_key"] for row in found} == {20_260_228}
    assert found[0]["decided_at"] == MOMENT.replace(tzinfo=None)
    assert {field.name for field in facts.DECISIONS} <= set(AUDIT.names)


def test_a_decision_without_a_list_of_reasons_leaves_the_next_its_own() -> None:
    lacking = decision("d1", []) | {"reasons": None}
    found = facts.predictions_fact(decisions(lacking, decision("d2", ["amount"])), decisions(), DAY)
    assert found["reason_1"].to_pylist() == [None, "amount"]


def test_no_decisions_are_no_rows() -> None:
    assert facts.predictions_fact(decisions(), decisions(), DAY).num_rows == 0


def test_amounts_are_exact_in_every_currency() -> None:
    rows = pd.DataFrame(
        {
            "transaction_id": ["a", "b", "c"], "user_id": "u", "merchant_id": "m",
            "amount_minor": [10, 7, 12_345], "currency": ["EUR", "JPY", "KWD"], "country": None,
            "channel": None, "status": ["declined", None, None],
            "timestamp": pd.Series([MOMENT] * 3).dt.as_unit("ms"),
            "arrival_time": pd.Series([MOMENT] * 3).dt.as_unit("ms"),
        }
    )  # fmt: skip
    found = facts.transactions_fact(rows, DAY)
    assert found["amount"].to_pylist() == [Decimal("0.10"), Decimal("7.00"), Decimal("12.34")]
    assert found["status"].to_pylist() == ["declined", None, None]
    assert facts.transactions_fact(rows.iloc[:0], DAY).num_rows == 0


def test_users_are_those_with_a_profile_or_transactions() -> None:
    versions = [
        {"user_id": "a", "event_time": MOMENT.replace(hour=1), "home_country": "BE"},
        {
            "user_id": "a",
            "event_time": MOMENT,
            "home_country": "FR",
            "account_created_at": f"{MOMENT:%FT%TZ}",
        },
        {"user_id": "a", "event_time": MOMENT.replace(hour=23), "home_country": "XX"},
        {"user_id": "gone", "event_time": MOMENT.replace(hour=1), "home_country": "BE"},
        {"user_id": "gone", "event_time": MOMENT, "is_deleted": True},
    ]
    usual = [{"user_id": "b", "transaction_count_30d": 3, "home_country": None, "usual_country": "NL"}]
    names = [name for name in USERS_DIM.schema.names if name not in dimensions.PROFILES.names]
    baselines = pa.Table.from_pylist(
        [{**dict.fromkeys(names), **row} for row in usual],
        schema=pa.schema(
            [("user_id", pa.string()), ("home_country", pa.string())]
            + [USERS_DIM.schema.field(name) for name in names]
        ),
    )
    profiles = pa.Table.from_pylist(versions, schema=dimensions.PROFILES)
    found = dimensions.users_dim(profiles, baselines, MOMENT).to_pylist()
    assert [(row["user_id"], row["home_country"], row["transaction_count_30d"]) for row in found] == [
        ("a", "FR", None),
        ("b", None, 3),
    ]
    assert found[0]["account_created_at"] == MOMENT.replace(tzinfo=None)


def test_an_odd_account_age_is_unknown_and_ends_nothing() -> None:
    """As BuildFeatures takes it: what is no time is unknown, and an offset is one of a time."""
    odd = {
        "a": "2026-02-28T13:30:00+01:00", "b": "", "c": "unknown", "d": None,
        "e": "2026-02-28T12:30:00.0004Z"
    }  # fmt: skip
    profiles = {
        "user_id": list(odd), "event_time": ["2026-02-28T13:00:00+01:00"] * 5,
        "account_created_at": list(odd.values()),
    }  # fmt: skip
    versions = conform(pa.table(profiles), dimensions.PROFILES)
    assert set(versions["event_time"].to_pylist()) == {MOMENT.replace(minute=0)}
    baselines = pa.table({name: pa.array([], kind) for name, kind in _baseline_columns()})
    found = dimensions.users_dim(versions, baselines, MOMENT).to_pylist()
    known = MOMENT.replace(tzinfo=None)
    assert [row["account_created_at"] for row in found] == [known, None, None, None, known]


def test_a_text_that_is_no_moment_is_named() -> None:
    odd = pa.table({"user_id": ["a"], "event_time": ["yesterday"]})
    with pytest.raises(pa.ArrowInvalid, match="column event_time is not timestamp"):
        conform(odd, dimensions.PROFILES)


def _baseline_columns() -> list[tuple[str, pa.DataType]]:
    own = [field for field in USERS_DIM.schema if field.name not in dimensions.PROFILES.names]
    return [("user_id", pa.string()), *((field.name, field.type) for field in own)]


@pytest.mark.parametrize(
    ("day", "quarter", "iso", "weekend"),
    [
        (date(2026, 1, 1), 1, (2026, 1), False),
        (date(2027, 1, 2), 1, (2026, 53), True),
        (date(2026, 12, 31), 4, (2026, 53), False),
    ],
)
def test_a_day_knows_its_place_in_the_calendar(
    day: date, quarter: int, iso: tuple[int, int], weekend: bool
) -> None:
    [row] = dimensions.date_dim(day).to_pylist()
    assert (row["date"], row["quarter"], row["is_weekend"]) == (day, quarter, weekend)
    assert (row["iso_year"], row["iso_week"]) == iso
    assert row["date_key"] == int(f"{day:%Y%m%d}")
