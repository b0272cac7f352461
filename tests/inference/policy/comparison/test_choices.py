"""What comes of each choice of routing, counted by hand."""

from __future__ import annotations

import dataclasses
import xml.etree.ElementTree as ET
from itertools import pairwise

import numpy as np
import pytest

from inference.policy.comparison.choices import Replayed, choose, compare, sweep
from inference.policy.comparison.picture import draw
from inference.policy.comparison.prices import Prices
from inference.policy.comparison.report import Comparison

PRICES = Prices(realtime=10.0, batch=1.0, bureau_per_thousand=0.5)


def _mask(text: str) -> np.ndarray[tuple[int], np.dtype[np.bool_]]:
    return np.array([each == "1" for each in text])


REPLAYED = Replayed(
    flagged=_mask("110100"),
    fraud=_mask("111000"),
    hundredths=np.array([100, 200, 400, 800, 1600, 3200]),
    realtime=_mask("100110"),
    routes={"a": _mask("100000"), "b": _mask("000110")},
    unscored=0,
)


def test_a_choice_is_counted_by_hand() -> None:
    choice = choose("x", REPLAYED.realtime, REPLAYED, PRICES)
    assert dataclasses.astuple(choice) == (
        "x",
        3,
        3,
        *(1, 1, 1),
        *(100, 200, 400),
        1,
        pytest.approx(3 * (10e-6 + 0.5e-3) + 3 * 1e-6),
        pytest.approx((3 * (10e-6 + 0.5e-3) + 3 * 1e-6) / 6 * 1e6),
    )
    assert choice.caught_in_time == pytest.approx(1 / 3)


def test_choices_are_compared_and_drawn() -> None:
    choices = compare(REPLAYED, PRICES)
    assert [(choice.name, choice.realtime, choice.in_time, choice.late) for choice in choices] == [
        ("all in real time", 6, 2, 0),
        ("this policy", 3, 1, 1),
        ("only route a", 1, 1, 1),
        ("only route b", 2, 0, 2),
        ("all in batch", 0, 0, 2),
    ]
    counts = [(6, 0), (3, 3), (1, 5), (2, 4), (0, 6)]
    assert [choice.usd for choice in choices] == [PRICES.cost(*count) for count in counts]
    comparison = Comparison("1+<a>", PRICES, choices, sweep(REPLAYED, PRICES), 2)
    picture = ET.fromstring(draw(comparison))
    texts = ["".join(node.itertext()) for node in picture.iter("{http://www.w3.org/2000/svg}text")]
    assert "this policy: 33.3%" in texts
    heights = [
        float(node.attrib["y"])
        for node in picture.iter("{http://www.w3.org/2000/svg}text")
        if "%" in (node.text or "") and ":" in (node.text or "")
    ]
    assert len(heights) == len(choices)
    assert all(later - earlier >= 13.9 for earlier, later in pairwise(heights))
    lines = comparison.lines()
    assert lines[:2] == ["policy 1+<a>: 6 transactions, 3 frauds", "2 have no score: the rules decided them"]
    assert any(line.startswith("this policy") and line.endswith("33.3%") for line in lines)


def test_more_in_real_time_never_catches_less() -> None:
    curve = sweep(REPLAYED, PRICES)
    assert curve[0].realtime == 6
    assert [choice.in_time for choice in curve] == sorted((c.in_time for c in curve), reverse=True)
    assert [choice.usd for choice in curve] == sorted((c.usd for c in curve), reverse=True)


def test_a_log_without_frauds() -> None:
    honest = dataclasses.replace(REPLAYED, fraud=_mask("000000"))
    assert compare(honest, Prices())[1].caught_in_time == 0.0
    assert compare(honest, Prices())[1].false_alarms == 2


def test_real_time_is_dearer_than_the_batch() -> None:
    assert Prices().realtime > Prices().batch > 0
