"""Facts for tests: a plain transaction with some fields, features or signals changed."""

from __future__ import annotations

from typing import Any

from feature_groups import FEATURE_NAMES
from inference.policy import Facts
from processing.events.currencies import DECIMALS
from tests.processing.builders import transaction

NAN = float("nan")


def facts(
    amount: float = 20.0,
    features: dict[str, float] | None = None,
    signals: dict[str, float | str | None] | None = None,
    **fields: Any,
) -> Facts:
    """`amount` is in major units; without `features` none were computed."""
    fields = {"currency": "EUR", "country": None, "device": None, "channel": None} | fields
    minor = round(amount * 10 ** DECIMALS[fields["currency"]])
    vector = None if features is None else [features.get(name, NAN) for name in FEATURE_NAMES]
    return Facts(transaction(amount_minor=minor, **fields), vector, signals)
