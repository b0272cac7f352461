"""What a record may hold, and what the refusals say."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from mirror.api import ServiceError
from mirror.feature_store import online, runtime
from mirror.feature_store.groups import Feature, Group
from mirror.feature_store.messages import FeatureValue
from mirror.feature_store.records import check_record, event_time_us, iso
from tests.mirror.feature_store.groups import REGION, add_group, context, record

T = "2026-03-01T12:34:56Z"


@pytest.fixture
def group(tmp_path: Path) -> Group:
    ctx = context(tmp_path)
    return runtime.of(ctx.cloud).groups.find(REGION, add_group(ctx))


def test_a_record_is_kept_as_it_came_without_its_nulls(group: Group) -> None:
    checked = check_record(group, record(id="u1", t=T, count="7", amount=None))
    assert checked.identifier == "u1"
    assert checked.json == (
        b'[{"FeatureName":"id","ValueAsString":"u1"},'
        b'{"FeatureName":"t","ValueAsString":"2026-03-01T12:34:56Z"},'
        b'{"FeatureName":"count","ValueAsString":"7"}]'
    )


@pytest.mark.parametrize("text", ["0", "-7", "+7", "9223372036854775807", "-9223372036854775808"])
def test_integral_values(group: Group, text: str) -> None:
    check_record(group, record(id="u1", t=T, count=text))


@pytest.mark.parametrize(
    "text", ["", " 1", "1.0", "1e3", "1_000", "9223372036854775808", "abc", "٣", "9" * 40]
)
def test_what_is_no_integral(group: Group, text: str) -> None:
    with pytest.raises(ServiceError, match=r"count: .*64-bit integer"):
        check_record(group, record(id="u1", t=T, count=text))


@pytest.mark.parametrize("text", ["0", "-1.5", "1e-7", ".5", "5.", "1E10"])
def test_fractional_values(group: Group, text: str) -> None:
    check_record(group, record(id="u1", t=T, amount=text))


@pytest.mark.parametrize("text", ["", "nan", "NaN", "inf", "-Infinity", "1e999", "1,5", "1_0", "0x1"])
def test_what_is_no_fractional(group: Group, text: str) -> None:
    with pytest.raises(ServiceError, match=r"amount: .*finite decimal"):
        check_record(group, record(id="u1", t=T, amount=text))


@pytest.mark.parametrize(
    ("values", "message"),
    [
        (record(id="u1"), "no value for its event time 't'"),
        (record(t=T), "no value for its identifier 'id'"),
        (record(id="", t=T), "no value for its identifier 'id'"),
        (record(id="u1", t=T, colour="red"), "'colour' does not exist"),
        ([*record(id="u1", t=T), FeatureValue("id", "u2")], "'id' is given twice"),
        ([*record(id="u1", t=T), FeatureValue("note", None, ["a"])], "note: is not a collection"),
    ],
)
def test_refusals_name_the_feature(group: Group, values: list[FeatureValue], message: str) -> None:
    with pytest.raises(ServiceError, match=message) as refused:
        check_record(group, values)
    assert refused.value.code == "ValidationError"


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("1970-01-01T00:00:00Z", 0),
        ("1970-01-01T00:00:01.234Z", 1_234_000),
        ("2026-03-01T12:34:56.789Z", 1_772_368_496_789_000),
    ],
)
def test_event_times(group: Group, text: str, moment: int) -> None:
    assert event_time_us(group, text) == moment


@pytest.mark.parametrize(
    "text",
    [
        *("2026-03-01", "2026-03-01T12:34:56", "2026-03-01T12:34:56+00:00", "2026-03-01T12:34:56.7Z"),
        *("2026-13-01T00:00:00Z", "1772368496", "2026-03-01 12:34:56Z", "2026-03-01T12:34:56z"),
    ],
)
def test_what_is_no_event_time(group: Group, text: str) -> None:
    with pytest.raises(ServiceError, match="t: event time"):
        event_time_us(group, text)


@pytest.mark.parametrize("text", ["-1", "1e12", "1e400", "253402300800"])
def test_a_time_that_has_no_partition_is_refused(tmp_path: Path, text: str) -> None:
    ctx = context(tmp_path)
    group = runtime.of(ctx.cloud).groups.find(REGION, add_group(ctx))
    seconds = replace(group, features=group.features | {"t": Feature("Fractional")})
    with pytest.raises(ServiceError, match="t: event time"):
        event_time_us(seconds, text)
    assert event_time_us(seconds, "253402300799") == 253_402_300_799_000_000


def test_a_time_to_live_ends_with_the_year_9999() -> None:
    assert iso(online.record(0, 2**31 * 604_800, b"[]").expires_us) == "9999-12-31T23:59:59.000Z"


def test_a_record_of_exactly_350_kilobytes_fits_and_one_byte_more_does_not(group: Group) -> None:
    room = 350 * 1024 - len("id" + "u1" + "t" + T + "note")
    check_record(group, record(id="u1", t=T, note='"' * room))
    with pytest.raises(ServiceError, match="350 KB"):
        check_record(group, record(id="u1", t=T, note='"' * (room + 1)))


def test_iso_has_milliseconds() -> None:
    assert iso(1_772_368_496_789_000) == "2026-03-01T12:34:56.789Z"
