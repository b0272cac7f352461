"""The quality checks: what each one finds, and what is counted."""

from __future__ import annotations

from typing import Any

import pytest

from feature_groups import FEATURE_NAMES
from processing.events import RejectedRecord
from processing.stream.checks import CHECKS
from processing.stream.counters import COUNTERS
from processing.stream.quality import Quality
from tests.processing.builders import NOW, transaction

AVERAGE = FEATURE_NAMES.index("user_amount_avg_30d")
DECADES = {f"check_amount_below_{10**n}" for n in range(5)}


def found(arrival_ms: int = NOW, average: float = 50.0, **changes: Any) -> set[str]:
    """The counters that one transaction moves, without the distribution of amounts."""
    features = [float("nan")] * len(FEATURE_NAMES)
    features[AVERAGE] = average
    quality = Quality()
    quality.accepted(transaction(**changes), arrival_ms, features)
    assert set(quality.found.values()) <= {1}
    return set(quality.found) - DECADES


@pytest.mark.parametrize(
    ("changes", "counter"),
    [
        ({"amount_minor": 1_000_001, "average": 99.99}, "check_amount_against_average"),
        ({"amount_minor": 10_000_001, "average": 100.0}, "check_amount_range"),
        ({"amount_minor": 100_001, "currency": "JPY", "average": 100.0}, "check_amount_range"),
        ({"lat": 0.0, "lon": 0.0}, "check_location_range"),
        ({"arrival_ms": NOW - 5_001}, "check_clock_ahead"),
    ],
)
def test_an_anomaly_is_counted_under_its_name_and_as_anomaly(changes: dict[str, Any], counter: str) -> None:
    assert found(**changes) == {counter, "anomalies"}


@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"amount_minor": 1_000_000, "average": 50.0},
        {"amount_minor": 1_000_001, "average": 100.0},
        {"amount_minor": 1_000_001, "average": float("nan")},
        {"amount_minor": 10_000_000, "average": 100.0},
        {"lat": 0.0, "lon": 0.1},
        {"arrival_ms": NOW - 5_000},
    ],
)
def test_what_is_just_within_bounds_is_no_anomaly(changes: dict[str, Any]) -> None:
    assert found(**changes) == set()


def test_a_transaction_with_several_findings_is_one_anomaly() -> None:
    assert found(amount_minor=10_000_001, arrival_ms=0) == {
        "check_amount_against_average", "check_amount_range", "check_clock_ahead", "anomalies",
    }  # fmt: skip


def test_a_missing_field_is_counted_and_no_anomaly() -> None:
    bare: dict[str, Any] = {
        "lat": None,
        "lon": None,
        "country": None,
        "device": None,
        "channel": None,
        "status": None,
    }
    assert found(**bare) == {
        f"check_missing_{name}" for name in ("location", "country", "device", "channel", "status")
    }


def test_amounts_are_counted_by_decade() -> None:
    quality = Quality()
    for amount_minor in (99, 100, 999_999, 1_000_000):
        quality.late(transaction(amount_minor=amount_minor), NOW)
    assert {name: quality.found[name] for name in sorted(DECADES)} == {
        "check_amount_below_1": 1,
        "check_amount_below_10": 2,
        "check_amount_below_100": 2,
        "check_amount_below_1000": 2,
        "check_amount_below_10000": 3,
    }


def test_refused_transactions_are_anomalies_and_missing_fields_have_counters() -> None:
    quality = Quality()
    quality.refused(RejectedRecord("incomplete", "amount", "is missing: send a value"))
    quality.refused(RejectedRecord("incomplete", "location.lat", "is missing: send a value"))
    quality.refused(RejectedRecord("schema-errors", "currency", "is unknown"))
    quality.refused(RejectedRecord("processing-errors", None, "failed"))
    assert quality.found == {"anomalies": 3, "missing_amount": 1}


def test_every_check_is_described_and_has_a_counter() -> None:
    assert len(CHECKS) >= 10
    for check in CHECKS:
        assert check.counter in COUNTERS
        assert check.description
        assert check.name.replace("_", "").isalnum()
