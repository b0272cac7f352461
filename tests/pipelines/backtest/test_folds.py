"""Where a backtest trains and tests, and which cards it leaves out."""

from __future__ import annotations

import itertools
from datetime import UTC, datetime, timedelta

import numpy as np
import pytest

from pipelines.backtest.folds import Fold, FoldError, handbook_folds, rolling_folds
from pipelines.backtest.known_cards import without_known_cards
from pipelines.backtest.rows import NEVER_KNOWN, Rows, milliseconds

_FIRST, _LAST = datetime(2018, 4, 1, tzinfo=UTC), datetime(2018, 9, 30, 23, 59, tzinfo=UTC)
_DAY = timedelta(days=1)


def test_the_published_folds() -> None:
    folds = handbook_folds(_FIRST, _LAST, 75)
    assert [f"{fold.test_start:%m-%d}" for fold in folds] == ["08-08", "08-15", "08-22", "08-29"]
    for fold in folds:
        assert fold.train_days == 75
        assert fold.test_start - fold.train_end == 7 * _DAY
        assert fold.test_end - fold.test_start == 7 * _DAY
        assert fold.reference_start == fold.train_end - 7 * _DAY


@pytest.mark.parametrize(("first", "last"), [(_FIRST + 60 * _DAY, _LAST), (_FIRST, _LAST - 40 * _DAY)])
def test_files_that_lack_the_published_days_are_told_so(first: datetime, last: datetime) -> None:
    with pytest.raises(
        FoldError, match=r"need transactions from 2018-05-18 to 2018-09-05.*--protocol rolling"
    ):
        handbook_folds(first, last, 75)


def test_rolling_folds_are_the_newest_weeks() -> None:
    folds = rolling_folds(_FIRST, _LAST, train_days=None, delay_days=7, folds=4, test_days=7)
    assert folds[-1].test_end == datetime(2018, 10, 1, tzinfo=UTC)
    for before, after in itertools.pairwise(folds):
        assert before.test_end == after.test_start
    for fold in folds:
        assert fold.test_start - fold.train_end == 7 * _DAY
        assert fold.train_start >= _FIRST + 29 * _DAY  # a fifth is history for the features


def test_an_unfinished_last_day_is_not_tested() -> None:
    last = datetime(2018, 9, 30, 9, tzinfo=UTC)
    folds = rolling_folds(_FIRST, last, train_days=30, delay_days=7, folds=1, test_days=7)
    assert folds[-1].test_end == datetime(2018, 9, 30, tzinfo=UTC)


def test_too_few_days_say_how_many_are_needed() -> None:
    with pytest.raises(
        FoldError, match="4 folds of 7 days with 7 days of delay need 49 days, the file has 30"
    ):
        rolling_folds(_FIRST, _FIRST + 30 * _DAY - timedelta(minutes=1), train_days=None, delay_days=7,
                      folds=4, test_days=7)  # fmt: skip


def test_cards_that_are_known_by_then_are_not_tested() -> None:
    rng = np.random.default_rng(3)
    count = 4_000
    times = np.sort(rng.integers(0, 30 * 86_400_000, count)) + milliseconds(_FIRST)
    user = rng.integers(0, 150, count).astype(np.int32)
    fraud = (rng.random(count) < 0.02).astype(np.int8)
    rows = Rows(np.zeros((count, 1), np.float32), fraud, np.full(count, NEVER_KNOWN), times, user, 7.0)
    train_end, test_start = _FIRST + 10 * _DAY, _FIRST + 17 * _DAY
    fold = Fold(_FIRST, train_end, test_start, test_start + 7 * _DAY, train_end - 7 * _DAY)

    def with_fraud(start: datetime, end: datetime) -> set[int]:
        return {
            int(user[n]) for n in range(count)
            if fraud[n] and milliseconds(start) <= times[n] < milliseconds(end)
        }  # fmt: skip

    expected = []
    known = with_fraud(train_end - 7 * _DAY, train_end)
    for day in range(7):
        known |= with_fraud(train_end + (day - 1) * _DAY, train_end + day * _DAY)
        start, end = test_start + day * _DAY, test_start + (day + 1) * _DAY
        expected += [
            n for n in range(count)
            if milliseconds(start) <= times[n] < milliseconds(end) and int(user[n]) not in known
        ]  # fmt: skip
    assert without_known_cards(rows, fold).tolist() == expected
    assert len(expected) < ((times >= milliseconds(test_start)) & (times < milliseconds(fold.test_end))).sum()


def test_what_was_not_known_then_is_no_fraud_to_the_training() -> None:
    known = np.array([milliseconds(_FIRST + 5 * _DAY), milliseconds(_FIRST + 9 * _DAY), NEVER_KNOWN])
    times = milliseconds(_FIRST) + np.arange(3)
    ones = np.ones(3, np.int8)
    rows = Rows(np.zeros((3, 1), np.float32), ones, known, times, np.zeros(3, np.int32), None)
    assert rows.dataset(slice(0, 3)).target.tolist() == [1, 1, 1]
    assert rows.dataset(slice(0, 3), _FIRST + 9 * _DAY).target.tolist() == [1, 0, 0]
