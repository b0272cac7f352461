"""Windows of time, and the name of a night."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from pipelines.steps.container import StepError
from pipelines.steps.windows import SPLITS, Windows, parse_as_of, parse_moment, text

AS_OF = datetime(2026, 3, 1, 2, tzinfo=UTC)


def test_the_splits_fill_the_window_without_gaps() -> None:
    windows = Windows.of(AS_OF, history_days=90, label_delay_days=7, validation_days=5, test_days=3)
    bounds = [windows.bounds(split) for split in SPLITS]
    assert bounds[0][0] == AS_OF - timedelta(days=90)
    assert bounds[-1][1] == AS_OF - timedelta(days=7)
    assert [end for _, end in bounds[:-1]] == [start for start, _ in bounds[1:]]
    assert [(end - start).days for start, end in bounds] == [75, 5, 3]


def test_a_night_is_named_in_one_way() -> None:
    assert parse_as_of("2026-03-01T02:00:00Z") == AS_OF
    for other in ("auto", "yesterday", "2026-03-01", "2026-03-01T02:00:00", "2026-03-01T02:00:00+00:00",
                  "2026-03-01T2:00:00Z", "2026-03-01T02:00:00.000Z", "2026-02-30T02:00:00Z", ""):  # fmt: skip
        with pytest.raises(StepError, match=r"as-of: .* names no night; write .* like 2026-03-01T02:00:00Z"):
            parse_as_of(other)


def test_a_moment_may_be_in_any_zone() -> None:
    assert parse_moment("started-at", "2026-03-01T03:00:00+01:00") == AS_OF
    assert parse_moment("started-at", "2026-03-01T02:00:00") == AS_OF


def test_moments_are_written_in_utc_with_milliseconds() -> None:
    assert text(AS_OF) == "2026-03-01T02:00:00.000Z"


def test_a_start_that_is_no_moment_is_named() -> None:
    with pytest.raises(StepError, match="started-at: 'soon'"):
        parse_moment("started-at", "soon")
