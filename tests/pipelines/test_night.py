"""The steps that read and write the lake by day: their day, and what does not fit."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime
from typing import Any

import pyarrow as pa
import pytest

from feature_groups.names import Names
from pipelines.steps.aggregates.__main__ import main as aggregates
from pipelines.steps.clean_up.__main__ import main as clean_up
from pipelines.steps.container import StepError
from pipelines.steps.night import Night


@pytest.mark.parametrize(
    ("as_of", "day"),
    [
        (datetime(2026, 3, 1, 2, tzinfo=UTC), date(2026, 2, 28)),
        (datetime(2026, 3, 1, tzinfo=UTC), date(2026, 2, 28)),
        (datetime(2026, 2, 28, 23, 59, tzinfo=UTC), date(2026, 2, 27)),
    ],
)
def test_the_day_is_the_last_that_was_over(as_of: datetime, day: date) -> None:
    night = Night(as_of, Names("dev"), "lake")
    assert night.day == day
    assert night.day_partition() == f"date={day}"
    assert night.partition() == f"date={as_of:%Y-%m-%d}"


def test_profiles_are_in_the_lake() -> None:
    night = Night(datetime(2026, 3, 1, tzinfo=UTC), Names("dev"), "lake")
    with pytest.raises(StepError, match="profiles: 's3://elsewhere/x' is not in the lake"):
        night.profiles("s3://elsewhere/x", pa.schema([]))


@pytest.mark.parametrize(
    ("main", "change", "message"),
    [
        (clean_up, {"--mode": "maybe"}, "clean-up: 'maybe' is unknown; use remove or report"),
        (clean_up, {"--as-of": "yesterday"}, "as-of: 'yesterday'"),
        (clean_up, {"--environment": "Dev!"}, "environment 'Dev!'"),
        (aggregates, {"--records-per-second": "0"}, "records-per-second: 0.0 is not above 0"),
        (aggregates, {"--label-delay-days": "-1"}, "label-delay-days: -1 is too small"),
    ],
)
def test_what_does_not_fit_is_named(
    main: Callable[[list[str]], None], change: dict[str, Any], message: str
) -> None:
    options = {"--environment": "dev", "--lake": "lake", "--as-of": "2026-03-01T02:00:00Z"}
    options |= {"--profiles": "s3://lake/profiles/"} if main is aggregates else {}
    with pytest.raises(StepError, match=message.replace("(", "[(]")):
        main([f"{name}={value}" for name, value in (options | change).items()])
