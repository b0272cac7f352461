"""Where a backtest trains and tests: pairs of windows with the label delay between them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

DAY = timedelta(days=1)
WEEK = timedelta(weeks=1)
LEAST_TRAIN_DAYS = 14

# The Fraud Detection Handbook's folds (Le Borgne et al., chapters 5 to 7): first days of the training weeks.
HANDBOOK_STARTS = tuple(
    datetime(2018, month, day, tzinfo=UTC) for month, day in ((7, 25), (8, 1), (8, 8), (8, 15))
)
HANDBOOK_DELAY_DAYS = 7


class FoldError(ValueError):
    """The transactions do not have the days that a protocol needs; the message says which."""


@dataclass(frozen=True, slots=True)
class Fold:
    """Half-open windows of event time.

    Attributes:
        train_start, train_end: what is trained on.
        test_start, test_end: what is tested on; nothing known later than `test_start` is trained on.
        reference_start: from here to `train_end` cards with a known fraud are found out, and not tested; None
            where no card is left out.
    """

    train_start: datetime
    train_end: datetime
    test_start: datetime
    test_end: datetime
    reference_start: datetime | None = None

    @property
    def train_days(self) -> int:
        """Length of the training window."""
        return (self.train_end - self.train_start) // DAY


def handbook_folds(first: datetime, last: datetime, train_days: int) -> list[Fold]:
    """The published folds: a week of reference, a week of delay, a week of test.

    The published models train on the week of reference; here training may begin earlier, as labels that
    old are known as well.

    Args:
        first, last: times of the first and the last transaction.

    Raises:
        FoldError: the transactions are not those of the handbook, or begin too late.
    """
    end = HANDBOOK_STARTS[-1] + WEEK + HANDBOOK_DELAY_DAYS * DAY + WEEK
    begin = HANDBOOK_STARTS[0] + WEEK - train_days * DAY
    if _midnight(first) > begin or last < end - DAY:
        raise FoldError(
            f"the handbook's folds with {train_days} days of training need transactions from "
            f"{begin:%Y-%m-%d} to {end:%Y-%m-%d}, the file has {first:%Y-%m-%d} to {last:%Y-%m-%d}: use "
            "fewer --train-days, or --protocol rolling for other files"
        )
    folds = []
    for start in HANDBOOK_STARTS:
        train_end = start + WEEK
        test = train_end + HANDBOOK_DELAY_DAYS * DAY
        folds.append(Fold(train_end - train_days * DAY, train_end, test, test + WEEK, start))
    return folds


def rolling_folds(
    first: datetime, last: datetime, *, train_days: int | None, delay_days: int, folds: int, test_days: int
) -> list[Fold]:
    """The newest `folds` windows of `test_days` whole days, without gaps, oldest first.

    Args:
        first, last: times of the first and the last transaction.
        train_days: length of the training windows; None for all that there is, but the first fifth, which is
            history for the features.
        delay_days: between a training and its test window.

    Raises:
        FoldError: there are not enough days.
    """
    begin, end = _midnight(first), _midnight(last + DAY)
    if last - _midnight(last) < DAY / 2:  # a last day that is mostly missing
        end -= DAY
    oldest_test = end - folds * test_days * DAY
    room = (oldest_test - delay_days * DAY - begin) // DAY
    if train_days is None:
        train_days = room - room // 5
    if room < train_days or train_days < LEAST_TRAIN_DAYS:
        needed = max(train_days, LEAST_TRAIN_DAYS) + delay_days + folds * test_days
        raise FoldError(
            f"{folds} folds of {test_days} days with {delay_days} days of delay need {needed} days, the file "
            f"has {(end - begin) // DAY} ({first:%Y-%m-%d} to {last:%Y-%m-%d}): use fewer --folds, "
            f"--test-days or --train-days (at least {LEAST_TRAIN_DAYS})"
        )
    found = []
    for number in range(folds):
        test = oldest_test + number * test_days * DAY
        train_end = test - delay_days * DAY
        found.append(Fold(train_end - train_days * DAY, train_end, test, test + test_days * DAY))
    return found


def _midnight(moment: datetime) -> datetime:
    return moment.astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
