"""Good records enter as they are; bad ones are refused with kind, field and fix."""

from __future__ import annotations

import pytest

from processing.events import RejectedRecord, decode_label, decode_transaction
from processing.events.currencies import DECIMALS, hundredths
from processing.events.moments import iso
from tests.processing.builders import DAY, NOW, label, raw, raw_label, transaction

GOOD = raw()


def test_a_complete_transaction_is_decoded() -> None:
    assert decode_transaction(GOOD, NOW, replay=False) == transaction()


def test_optional_fields_may_be_absent_or_null() -> None:
    optional = ("location", "country", "device", "channel", "status")
    absent = decode_transaction(raw(**dict.fromkeys(optional, ...)), NOW, replay=False)
    null = decode_transaction(raw(**dict.fromkeys(optional)), NOW, replay=False)
    assert absent == null
    assert (null.lat, null.country, null.device, null.channel, null.status) == (None,) * 5


@pytest.mark.parametrize(
    ("amount", "currency", "minor"),
    [(b"12.50", "EUR", 1250), (b"0.1", "EUR", 10), (b"1.25e1", "USD", 1250), (b"1000", "JPY", 1000),
     (b"1.234", "KWD", 1234), (b"0.29", "EUR", 29), (b"1000000000", "EUR", 10**11)],
)  # fmt: skip
def test_amounts_become_minor_units_exactly(amount: bytes, currency: str, minor: int) -> None:
    record = raw(currency=currency).replace(b"12.5", amount)
    assert decode_transaction(record, NOW, replay=False).amount_minor == minor


def test_a_repeated_key_is_no_error_and_the_last_one_counts() -> None:
    record = GOOD.replace(b'"user_id"', b'"user_id": "other", "user_id"')
    assert decode_transaction(record, NOW, replay=False).user_id == "u1"


BAD = {
    "empty": (b"", "schema-errors", None),
    "not JSON": (b"hello", "schema-errors", None),
    "cut off": (GOOD[:-10], "schema-errors", None),
    "an array": (b"[]", "schema-errors", None),
    "invalid UTF-8": (GOOD.replace(b"pos", b"p\xff"), "schema-errors", None),
    "invalid UTF-8 in an unknown field": (GOOD[:-1] + b', "x": "\xff"}', "schema-errors", None),
    "lone surrogate": (raw().replace(b'"u1"', b'"\\ud800"'), "schema-errors", None),
    "deep nesting": (GOOD[:-1] + b', "x": ' + b"[" * 50_000 + b"]" * 50_000 + b"}", "schema-errors", None),
    "a megabyte": (raw(note="x" * 1_000_000), "schema-errors", None),
    "missing id": (raw(transaction_id=...), "incomplete", "transaction_id"),
    "missing amount": (raw(amount=...), "incomplete", "amount"),
    "null amount": (raw(amount=None), "incomplete", "amount"),
    "null user": (raw(user_id=None), "incomplete", "user_id"),
    "half a location": (raw(location={"lat": 1}), "incomplete", "location.lon"),
    "number as id": (raw(transaction_id=5), "schema-errors", "transaction_id"),
    "empty id": (raw(user_id=""), "schema-errors", "user_id"),
    "long id": (raw(merchant_id="m" * 65), "schema-errors", "merchant_id"),
    "unprintable id": (raw(user_id="a\0b"), "schema-errors", "user_id"),
    "text amount": (raw(amount="12.50"), "schema-errors", "amount"),
    "object amount": (raw(amount={"value": 1}), "schema-errors", "amount"),
    "true amount": (raw(amount=True), "schema-errors", "amount"),
    "zero amount": (raw(amount=0), "schema-errors", "amount"),
    "negative amount": (raw(amount=-3), "schema-errors", "amount"),
    "NaN amount": (GOOD.replace(b"12.5", b"NaN"), "schema-errors", "amount"),
    "infinite amount": (GOOD.replace(b"12.5", b"-Infinity"), "schema-errors", "amount"),
    "too many decimals": (raw(amount=12.505), "schema-errors", "amount"),
    "decimals of yen": (raw(amount=12.5, currency="JPY"), "schema-errors", "amount"),
    "huge exponent": (GOOD.replace(b"12.5", b"1e999999999"), "schema-errors", "amount"),
    "absurd exponent": (GOOD.replace(b"12.5", b"1e99999999999999999999"), "schema-errors", "amount"),
    "tiny exponent": (GOOD.replace(b"12.5", b"1e-999999999"), "schema-errors", "amount"),
    "endless digits": (GOOD.replace(b"12.5", b"1" * 5_000), "schema-errors", "amount"),
    "above the limit": (raw(amount=1_000_000_001), "schema-errors", "amount"),
    "unknown currency": (raw(currency="XYZ"), "schema-errors", "currency"),
    "small currency": (raw(currency="eur"), "schema-errors", "currency"),
    "unknown country": (raw(country="ZZ"), "schema-errors", "country"),
    "unknown channel": (raw(channel="carrier pigeon"), "schema-errors", "channel"),
    "unknown status": (raw(status="maybe"), "schema-errors", "status"),
    "latitude": (raw(location={"lat": 91, "lon": 0}), "schema-errors", "location.lat"),
    "no timezone": (raw(timestamp="2026-03-01T12:34:56.789"), "schema-errors", "timestamp"),
    "no date": (raw(timestamp="yesterday"), "schema-errors", "timestamp"),
    "future": (raw(timestamp="2099-01-01T00:00:00Z"), "schema-errors", "timestamp"),
    "ancient": (raw(timestamp="1999-12-31T23:59:59Z"), "schema-errors", "timestamp"),
}


@pytest.mark.parametrize("replay", [False, True])
@pytest.mark.parametrize("name", BAD)
def test_bad_records_are_refused_by_field_and_kind(name: str, replay: bool) -> None:
    record, kind, field = BAD[name]
    with pytest.raises(RejectedRecord) as refused:
        decode_transaction(record, NOW, replay)
    assert (refused.value.kind, refused.value.field) == (kind, field)
    assert refused.value.message


def test_old_transactions_enter_only_by_replay() -> None:
    old = raw(timestamp=iso(NOW - 5 * 60_000 - 1))
    assert decode_transaction(raw(timestamp=iso(NOW - 5 * 60_000)), NOW, replay=False)
    assert decode_transaction(old, NOW, replay=True)
    with pytest.raises(RejectedRecord, match="300 s old") as refused:
        decode_transaction(old, NOW, replay=False)
    assert refused.value.field == "timestamp"


@pytest.mark.parametrize("replay", [False, True])
def test_clocks_may_be_a_minute_fast(replay: bool) -> None:
    assert decode_transaction(raw(timestamp=iso(NOW + 60_000)), NOW, replay)
    with pytest.raises(RejectedRecord, match="61 s in the future"):
        decode_transaction(raw(timestamp=iso(NOW + 61_000)), NOW, replay)


def test_labels_are_decoded_and_checked() -> None:
    assert decode_label(raw_label(confidence=1.0), NOW) == label()
    assert decode_label(raw_label(fraud_type=None, is_fraud=False), NOW).fraud_type is None
    for change, kind, field in (
        ({"is_fraud": "yes"}, "schema-errors", "is_fraud"),
        ({"confidence": 1.1}, "schema-errors", "confidence"),
        ({"transaction_id": ...}, "incomplete", "transaction_id"),
        ({"investigation_complete_time": iso(NOW + DAY)}, "schema-errors", "investigation_complete_time"),
    ):
        with pytest.raises(RejectedRecord) as refused:
            decode_label(raw_label(**change), NOW)
        assert (refused.value.kind, refused.value.field) == (kind, field)


def test_windows_add_hundredths_of_every_currency() -> None:
    assert hundredths(1250, "EUR") == 1250
    assert hundredths(1250, "JPY") == 125_000
    assert [hundredths(minor, "KWD") for minor in (1234, 1235, 1245, 1246)] == [123, 124, 124, 125]
    assert set(DECIMALS.values()) == {0, 2, 3}
