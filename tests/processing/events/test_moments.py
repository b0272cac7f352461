"""Times as text, there and back."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from processing.events.moments import iso, milliseconds

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@given(st.integers(-62_135_596_800_000, 253_402_300_799_999))
def test_times_are_written_as_the_standard_library_does(t_ms: int) -> None:
    moment = _EPOCH + timedelta(milliseconds=t_ms)
    text = iso(t_ms)
    assert text == moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")
    assert milliseconds(text) == t_ms


def test_other_zones_and_missing_ones() -> None:
    assert milliseconds("2026-03-01T13:34:56.789123+01:00") == milliseconds("2026-03-01T12:34:56.789Z")
    assert iso(milliseconds("1969-12-31T23:59:59Z")) == "1969-12-31T23:59:59.000Z"
    with pytest.raises(ValueError, match="no time zone"):
        milliseconds("2026-03-01T12:34:56")


@pytest.mark.parametrize("t_ms", [-62_135_596_800_001, 253_402_300_800_000, 10**19])
def test_years_that_have_no_text(t_ms: int) -> None:
    with pytest.raises((ValueError, OverflowError)):
        iso(t_ms)
