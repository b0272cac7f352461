"""The long aggregates once more, entity by entity, in plain Python: slow, and hard to get wrong."""

from __future__ import annotations

import math
import statistics
from collections import Counter
from datetime import datetime, timedelta
from typing import Any

Row = dict[str, Any]
DAYS = (30, 90)


def baseline(rows: list[Row], home: Row | None, as_of: datetime) -> Row:
    """Of one user's transactions before `as_of`; None is missing."""
    country = None if home is None else home["home_country"]
    found: Row = {
        "home_country": country,
        "home_lat": None if home is None else home["home_lat"],
        "home_lon": None if home is None else home["home_lon"],
    }
    places = Counter(r["country"] for r in _within(rows, as_of, 90) if r["country"] is not None)
    found["usual_country"] = min(places, key=lambda place: (-places[place], place), default=None)
    for days in DAYS:
        part = _within(rows, as_of, days)
        amounts = sorted(row["amount_minor"] / 100 for row in part)
        known = [row for row in part if row["country"] is not None and country is not None]
        values = {
            "transaction_count": len(part),
            "active_days": len({row["timestamp"].date() for row in part}),
            "amount_mean": statistics.fmean(amounts) if part else None,
            "amount_median": statistics.median(amounts) if part else None,
            "amount_std": statistics.stdev(amounts) if len(part) > 1 else None,
            "amount_p95": _percentile(amounts, 0.95) if part else None,
            "night_share": sum(r["timestamp"].hour < 6 for r in part) / len(part) if part else None,
            "distinct_merchants": len({row["merchant_id"] for row in part}),
            "distinct_countries": len({row["country"] for row in part} - {None}),
            "abroad_share": sum(r["country"] != country for r in known) / len(known) if known else None,
        }
        found |= {f"{name}_{days}d": value for name, value in values.items()}
    return found


def risk(
    rows: list[Row], everyone: list[Row], labels: list[Row], as_of: datetime, delay: int, prior: float
) -> Row:
    """Of one merchant's transactions among those of everyone."""
    latest: dict[str, bool] = {}
    for label in sorted(labels, key=lambda each: each["investigation_complete_time"]):
        if label["investigation_complete_time"] <= as_of:
            latest[label["transaction_id"]] = label["is_fraud"]

    def outcome(part: list[Row]) -> tuple[int, int]:
        settled = [row for row in part if row["timestamp"] < as_of - timedelta(days=delay)]
        return len(settled), sum(latest.get(row["transaction_id"], False) for row in settled)

    found: Row = {}
    for days in DAYS:
        part, whole = _within(rows, as_of, days), _within(everyone, as_of, days)
        (settled, frauds), (all_settled, all_frauds) = outcome(part), outcome(whole)
        rate = None
        if part and all_settled:
            rate = (frauds + prior * all_frauds / all_settled) / (settled + prior)
        values = {
            "transaction_count": len(part),
            "amount_sum": sum(row["amount_minor"] for row in part) / 100 if part else None,
            "distinct_users": len({row["user_id"] for row in part}),
            "settled_count": settled,
            "fraud_count": frauds,
            "fraud_rate": rate,
        }
        found |= {f"{name}_{days}d": value for name, value in values.items()}
    return found


def agrees(value: Any, expected: Any) -> bool:
    """Whether a cell of a table is what the oracle says; a missing one is None or NaN."""
    missing = value is None or (isinstance(value, float) and math.isnan(value))
    if expected is None or missing:
        return expected is None and missing
    if isinstance(expected, float):
        return math.isclose(value, expected, rel_tol=1e-9, abs_tol=1e-9)
    return bool(value == expected)


def _within(rows: list[Row], as_of: datetime, days: int) -> list[Row]:
    return [row for row in rows if as_of - timedelta(days=days) <= row["timestamp"] < as_of]


def _percentile(ordered: list[float], share: float) -> float:
    place = share * (len(ordered) - 1)
    low = math.floor(place)
    high = min(low + 1, len(ordered) - 1)
    return ordered[low] + (ordered[high] - ordered[low]) * (place - low)
