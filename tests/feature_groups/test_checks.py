"""A declaration that could not be computed, stored or explained is refused, with the field and the fix."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from feature_groups import MODEL_FEATURES, DeclarationError, Feature
from feature_groups.checks import check
from feature_groups.windows import DAY, MONTH, RETENTION_MS, Window, window

COUNT, AVERAGE = (
    next(feature for feature in MODEL_FEATURES if feature.name == name)
    for name in ("user_transaction_count_24h", "user_amount_avg_24h")
)
RATE = next(feature for feature in MODEL_FEATURES if feature.name == "merchant_fraud_rate_7d")


def problems(*features: Feature) -> list[str]:
    with pytest.raises(DeclarationError) as caught:
        check(features)
    return str(caught.value).splitlines()


def test_the_shipped_declarations_pass() -> None:
    check(MODEL_FEATURES)


WRONG: dict[str, tuple[Feature, dict[str, Any], str]] = {
    "spelling": (COUNT, {"name": "user-count"}, "user-count: use at most 64 lower-case letters"),
    "too long a name": (COUNT, {"name": "a" * 65}, "a: use at most 64"),
    "a column of the group": (COUNT, {"name": "state"}, "state: the Feature Store groups have a column"),
    "no description": (COUNT, {"description": " "}, "description: it is empty"),
    "no reason": (COUNT, {"reason": ""}, "reason: it is empty"),
    "placeholder": (COUNT, {"reason": "{value} in {city}"}, "reason: no placeholder {city}; use {value}"),
    "no primitive": (COUNT, {"aggregation": "distinct", "source": "channel"},
        "the kernel has no distinct of channel for a user; it has count of transaction_id, sum of amount"),
    "no such filter": (COUNT, {"filter": "channel = online"},
        "the kernel has no count of transaction_id where channel = online for a user"),
    "no window": (COUNT, {"window": None}, "the kernel has no count of transaction_id without a window"),
    "wrong entity": (COUNT, {"entity": "merchant", "source": "device", "aggregation": "changes"},
        "no changes of device for a merchant; it has count of transaction_id, distinct of user_id"),
    "leak": (RATE, {"delay": "none"}, "delay: is_fraud is not known when it happens"),
    "rounding": (AVERAGE, {"dtype": "Integral"}, "dtype: Integral does not hold a avg"),
    "zero average": (AVERAGE, {"default": 0.0}, "default: the avg of no event is missing; use default=None"),
    "missing count": (COUNT, {"default": None}, "default: the count of no event is 0; use default=0.0"),
}  # fmt: skip


@pytest.mark.parametrize("case", WRONG)
def test_a_wrong_declaration_is_refused(case: str) -> None:
    feature, changes, message = WRONG[case]
    found = problems(replace(feature, **changes))
    assert len(found) == 1
    assert message in found[0]
    assert found[0].startswith(changes.get("name", feature.name)[:64])


def test_every_problem_is_told_at_once() -> None:
    assert len(problems(COUNT, replace(COUNT, description="", reason=""))) == 3


def test_a_name_is_declared_once() -> None:
    assert problems(COUNT, COUNT) == [f"{COUNT.name}: declared 2 times; give each feature a name of its own"]


@pytest.mark.parametrize("other", [window("24h", tile="1h"), window("1d", tile="15min")])
def test_two_windows_of_one_length_do_not_nest(other: Window) -> None:
    (problem,) = problems(COUNT, replace(AVERAGE, window=other))
    assert problem.startswith("user_amount_avg_24h: Window(")
    assert "does not nest" in problem


def test_a_window_is_made_from_its_length() -> None:
    assert window("24h", tile="15min") == DAY
    assert window("30d", tile="6h") == MONTH
    assert MONTH.milliseconds == RETENTION_MS
    assert (window("1h", tile="1min").phrase, window("90min", tile="1min").phrase) == (
        "the last hour",
        "the last 90 minutes",
    )


@pytest.mark.parametrize(
    ("name", "tile", "message"),
    [
        ("31d", "1d", "window '31d': states keep 30 days"),
        ("6h", "7min", "window '6h': it is not a number of whole tiles"),
        ("1h", "2h", "window '1h': it is not a number of whole tiles"),
        ("6", "1h", "window '6': write a whole number of min, h, d"),
        ("0h", "1h", "window '0h': write"),
        ("6h", "soon", "tile 'soon': write"),
    ],
)
def test_an_impossible_window_is_refused(name: str, tile: str, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        window(name, tile=tile)
