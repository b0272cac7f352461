"""The windows of time that a training set is made of."""

from __future__ import annotations

import argparse
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from pipelines.steps.container import StepError
from processing.lake.nights import night_named

SPLITS = ("train", "validation", "test")


@dataclass(frozen=True, slots=True)
class Windows:
    """Half-open intervals ``[start, end)`` of event time, oldest first, without gaps.

    ``end`` is `label_delay_days` before `as_of`: younger transactions have incomplete labels.
    """

    as_of: datetime
    start: datetime
    validation: datetime
    test: datetime
    end: datetime

    @classmethod
    def of(
        cls,
        as_of: datetime,
        *,
        history_days: int,
        label_delay_days: int,
        validation_days: int,
        test_days: int,
    ) -> Windows:
        """Windows of an as-of time; all arguments in days.

        Raises:
            StepError: an argument is out of range, or no days are left to train on.
        """
        for name, value, least in (
            ("history-days", history_days, 1),
            ("label-delay-days", label_delay_days, 0),
            ("validation-days", validation_days, 1),
            ("test-days", test_days, 1),
        ):
            if value < least:
                raise StepError(f"{name}: {value} is too small; use {least} or more")
        needed = label_delay_days + validation_days + test_days
        if history_days <= needed:
            raise StepError(
                f"history-days: {history_days} leaves nothing to train on after {label_delay_days} days of "
                f"label delay, {validation_days} of validation and {test_days} of test: use over {needed}"
            )
        end = as_of - timedelta(days=label_delay_days)
        test = end - timedelta(days=test_days)
        return cls(
            as_of=as_of,
            start=as_of - timedelta(days=history_days),
            validation=test - timedelta(days=validation_days),
            test=test,
            end=end,
        )

    def bounds(self, split: str) -> tuple[datetime, datetime]:
        """First moment, and first moment after, of one of `SPLITS`."""
        return {
            "train": (self.start, self.validation),
            "validation": (self.validation, self.test),
            "test": (self.test, self.end),
        }[split]


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options that `from_options` reads."""
    parser.add_argument("--as-of", required=True, help="the night, like 2026-03-01T02:00:00Z")
    parser.add_argument("--history-days", type=int, default=90)
    parser.add_argument("--label-delay-days", type=int, default=7)
    parser.add_argument("--validation-days", type=int, default=7)
    parser.add_argument("--test-days", type=int, default=7)


def from_options(options: argparse.Namespace) -> Windows:
    """The windows that a command line asks for.

    Raises:
        StepError: an option is out of range, or names no night.
    """
    return Windows.of(
        parse_as_of(options.as_of),
        history_days=options.history_days,
        label_delay_days=options.label_delay_days,
        validation_days=options.validation_days,
        test_days=options.test_days,
    )


def parse_as_of(as_of: str) -> datetime:
    """The as-of time; see `night_named`.

    Raises:
        StepError: the text names no night.
    """
    try:
        return night_named(as_of)
    except ValueError as error:
        raise StepError(str(error)) from None


def parse_moment(name: str, value: str) -> datetime:
    """A moment in ISO-8601; without a zone it is in UTC.

    Raises:
        StepError: it is not; `name` says which argument.
    """
    try:
        moment = datetime.fromisoformat(value)
    except ValueError:
        raise StepError(f"{name}: {value!r} is not ISO-8601; write it like 2026-03-01T02:00:00Z") from None
    return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)


def text(moment: datetime) -> str:
    """ISO-8601 in UTC with milliseconds."""
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
