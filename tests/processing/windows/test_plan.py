"""Declarations reach the kernel: another window needs no change of it."""

from __future__ import annotations

from dataclasses import replace
from typing import get_args

import pytest

from feature_groups import PRIMITIVES, USER_FEATURES, features_of, windows_of
from feature_groups.windows import DAY, HOUR, MONTH, WINDOWS, Window, window
from processing.windows import plan
from processing.windows.compiled import buffer, floats, integers, listed
from processing.windows.kernel import user
from processing.windows.plan import StatefulEntity, plan_of

SIX_HOURS = window("6h", tile="5min")


def test_picks_lead_from_every_feature_to_its_primitive_and_window() -> None:
    for entity in get_args(StatefulEntity):
        its = plan(entity)
        picked = [its.values[pick] for pick in its.picks]
        assert picked == [(feature.primitive, feature.window) for feature in features_of(entity)]
        assert its.windows == windows_of(entity)


def test_a_feature_with_a_window_of_its_own_is_computed_by_the_kernel_as_it_is() -> None:
    declared = replace(USER_FEATURES[0], name="user_transaction_count_6h", window=SIX_HOURS)
    its = plan_of("user", [declared], (HOUR, SIX_HOURS, DAY), 1024)
    settings, state = integers(its.settings), buffer(its.empty)
    for hour in range(10):
        state = user.update(settings, state, hour * 3_600_000, 100, 1, 0, 0)
    out = floats(len(its.values))
    user.query(settings, state, 9 * 3_600_000 + 1, out)
    assert listed(out)[its.picks[0]] == 6.0


def test_the_kernel_computes_what_the_declarations_list_in_that_order() -> None:
    """A change of the list has to be made in the kernel too: it was written for this order."""
    assert [f"{primitive.entity}: {primitive}" for primitive in PRIMITIVES] == [
        "user: count of transaction_id",
        "user: sum of amount",
        "user: avg of amount",
        "user: max of amount",
        "user: distinct of merchant_id",
        "user: distinct of country",
        "user: count of status where status = declined",
        "user: changes of device",
        "merchant: count of transaction_id",
        "merchant: distinct of user_id",
        "merchant: rate of is_fraud where is_fraud = true",
        "merchant: age of is_fraud where is_fraud = true without a window",
    ]


@pytest.mark.parametrize(
    ("windows", "cap", "message"),
    [
        (WINDOWS, 0, "EXACT_EVENTS is 0: use 1 or more"),
        (
            (Window("719h", 719 * 3_600_000, 3_600_000, ""), MONTH),
            9,
            "719h and 30d: let them differ by a tile",
        ),
    ],
)
def test_what_the_kernel_could_not_keep_apart_is_refused(
    windows: tuple[Window, ...], cap: int, message: str
) -> None:
    with pytest.raises(ValueError, match=message):
        plan_of("user", [], windows, cap)
