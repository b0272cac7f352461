"""An Avro record passes the checks of JSON and becomes the same transaction or label."""

from __future__ import annotations

import json
import subprocess
import sys
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from processing.events import RejectedRecord, decode_label, decode_transaction
from processing.events.currencies import DECIMALS
from processing.schemas.encoding import avro_encoder
from tests.processing.builders import DAY, NOW, raw, raw_label
from tests.processing.schemas.registry import Table

TABLE = Table()
TRANSACTIONS, LABELS = TABLE.reader("transactions-raw"), TABLE.reader("fraud-labels")
WRITER = TABLE.writer("transactions-raw")
ENCODE = avro_encoder("transactions-raw", WRITER)
ENCODE_LABEL = avro_encoder("fraud-labels", TABLE.writer("fraud-labels"))


def avro(**changes: Any) -> bytes:
    """A framed transaction with values that no JSON encoder checked."""
    record = {
        "transaction_id": "t1",
        "user_id": "u1",
        "merchant_id": "m1",
        "amount": Decimal("12.5"),
        "currency": "EUR",
        "timestamp": datetime.fromtimestamp(NOW / 1000, UTC),
        **changes,
    }
    return WRITER.write(record)


def test_both_formats_give_the_same_transaction_and_label() -> None:
    both = [decode_transaction(data, NOW, False, TRANSACTIONS) for data in (raw(), ENCODE(raw()))]
    assert both[0] == both[1]
    labels = [decode_label(data, NOW, LABELS) for data in (raw_label(), ENCODE_LABEL(raw_label()))]
    assert labels[0] == labels[1]


_text = st.text(st.characters(categories=("L", "N", "P")), min_size=1, max_size=64)
_optional = {
    "location": st.none() | st.fixed_dictionaries({"lat": st.floats(-90, 90), "lon": st.floats(-180, 180)}),
    "country": st.sampled_from([None, "FR", "DE", "XK"]),
    "device": st.none() | _text,
    "channel": st.sampled_from([None, "pos", "online", "atm", "contactless", "mobile"]),
    "status": st.sampled_from([None, "approved", "declined"]),
}


@settings(max_examples=300, deadline=None)
@given(
    st.fixed_dictionaries({"transaction_id": _text, "user_id": _text, "merchant_id": _text, **_optional}),
    st.sampled_from(sorted(DECIMALS)),
    st.integers(1, 10**9),
    st.integers(NOW - DAY, NOW + 60_000),
)
def test_any_good_record_is_the_same_in_both_formats(
    fields: dict[str, Any], currency: str, minor: int, t_ms: int
) -> None:
    amount = Decimal(minor).scaleb(-DECIMALS[currency])
    time = datetime.fromtimestamp(t_ms // 1000, UTC).replace(microsecond=t_ms % 1000 * 1000)
    document = {**fields, "amount": 0, "currency": currency, "timestamp": time.isoformat()}
    text = json.dumps(document).replace('"amount": 0', f'"amount": {amount:f}').encode()
    expected = decode_transaction(text, NOW, True)
    assert decode_transaction(ENCODE(text), NOW, True, TRANSACTIONS) == expected
    assert (expected.amount_minor, expected.timestamp_ms) == (minor, t_ms)


@pytest.mark.parametrize(
    ("changes", "field", "said"),
    [
        ({"user_id": ""}, "user_id", "length >= 1"),
        ({"merchant_id": "m" * 65}, "merchant_id", "length <= 64"),
        ({"transaction_id": "a\0"}, "transaction_id", "unprintable"),
        ({"currency": "XXX"}, "currency", "use an active ISO 4217 code"),
        ({"country": "ZZ"}, "country", "use an ISO 3166 alpha-2 code"),
        ({"channel": "pigeon"}, "channel", "use one of pos, online"),
        ({"status": "maybe"}, "status", "use one of approved, declined"),
        ({"location": {"lat": 91.0, "lon": 0.0}}, "location.lat", "<= 90"),
        ({"location": {"lat": float("nan"), "lon": 0.0}}, "location.lat", ">= -90"),
        ({"amount": Decimal(0)}, "amount", "0.000 is not positive: send an amount greater than 0"),
        ({"amount": Decimal("-1.5")}, "amount", "-1.500 is not positive"),
        ({"amount": Decimal("1.234")}, "amount", "1.234 has too many decimals: EUR has 2"),
        ({"amount": Decimal("1000000000.01")}, "amount", "send at most 1000000000"),
        ({"timestamp": datetime(1999, 1, 1, tzinfo=UTC)}, "timestamp", "is before 2000-01-01"),
        ({"timestamp": datetime(9999, 1, 1, tzinfo=UTC)}, "timestamp", "in the future"),
    ],
)
def test_a_bad_value_is_refused_by_field(changes: dict[str, Any], field: str, said: str) -> None:
    with pytest.raises(RejectedRecord, match=said) as refused:
        decode_transaction(avro(**changes), NOW, False, TRANSACTIONS)
    assert (refused.value.kind, refused.value.field) == ("schema-errors", field)


def test_a_stale_record_is_refused_unless_it_is_replayed() -> None:
    old = avro(timestamp=datetime.fromtimestamp(NOW / 1000 - 400, UTC))
    with pytest.raises(RejectedRecord, match="400 s old: send it within 300 s, or replay it"):
        decode_transaction(old, NOW, False, TRANSACTIONS)
    assert decode_transaction(old, NOW, True, TRANSACTIONS).transaction_id == "t1"


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (ENCODE(raw())[:-4], "does not fit schema version"),
        (b"\x03\x00" + bytes(16) + b"x", "schema version 00000000-.* is unknown: register it first"),
        (ENCODE_LABEL(raw_label()), "cannot be read as transactions-raw"),
    ],
)
def test_unreadable_records_are_schema_errors(data: bytes, said: str) -> None:
    with pytest.raises(RejectedRecord, match=said) as refused:
        decode_transaction(data, NOW, False, TRANSACTIONS)
    assert (refused.value.kind, refused.value.field) == ("schema-errors", None)


@pytest.mark.parametrize(
    "decode", [lambda d: decode_transaction(d, NOW, False), lambda d: decode_label(d, NOW)]
)
def test_without_a_registry_avro_is_refused(decode: Any) -> None:
    with pytest.raises(RejectedRecord, match="send JSON, or set a registry up"):
        decode(ENCODE(raw()))


def test_events_are_decoded_where_fastavro_and_boto3_are_absent() -> None:
    program = (
        "import sys; sys.modules.update(fastavro=None, boto3=None, botocore=None)\n"
        "from processing.events import decode_transaction\n"
        f"print(decode_transaction({raw()!r}, {NOW}, False).transaction_id)"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout == "t1\n"
