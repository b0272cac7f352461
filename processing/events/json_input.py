"""Typed JSON decoding whose errors name the field and the fix."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import TypeVar

import msgspec

from processing.events.moments import iso
from processing.events.records import RejectedRecord, RejectionKind

MAX_BYTES = 256 * 1024
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MILLISECOND = timedelta(milliseconds=1)
_MISSING = re.compile(r"Object missing required field `([^`]+)`")
_PATH = re.compile(r" - at `\$\.?([^`]*)`$")
_AT_BYTE = re.compile(r"\(byte (\d+)\)")
_KEY_BEFORE = re.compile(rb'"([^"\\]{1,64})"\s*:\s*-?$')
_FUTURE_MS = 60_000
_ANCIENT_MS = 946_684_800_000  # 2000-01-01
_LAST_MS = 253_402_300_800_000  # 10000-01-01

_NO_CHOICES: Mapping[str, tuple[str, ...]] = {}

T = TypeVar("T")


def decode(
    decoder: msgspec.json.Decoder[T], raw: bytes, choices: Mapping[str, tuple[str, ...]] = _NO_CHOICES
) -> T:
    """Decode one JSON record; `choices` lists the values of its enumerated fields, for messages.

    Raises:
        RejectedRecord: ``incomplete`` when a required field is absent or null, else ``schema-errors``.
    """
    if len(raw) > MAX_BYTES:
        raise _schema(None, f"record of {len(raw)} bytes: send at most {MAX_BYTES}")
    try:
        # Decoding does not look inside strings of fields it skips; this does.
        raw.decode()
        return decoder.decode(raw)
    except UnicodeDecodeError as error:
        raise _schema(None, f"invalid UTF-8 at byte {error.start}: encode the record as UTF-8") from None
    except RecursionError:
        raise _schema(None, "nested too deeply: send a flat object as documented") from None
    except msgspec.ValidationError as error:
        raise explained(str(error), choices) from None
    except msgspec.DecodeError as error:
        raise _malformed(raw, str(error)) from None


def identifier(field: str, value: str) -> str:
    """Check an identifier: printable characters only (its length is checked by its type)."""
    if not value.isprintable():
        raise _schema(field, f"{value!r} has unprintable characters: use printable ones")
    return value


def milliseconds(field: str, moment: datetime, now_ms: int) -> int:
    """An aware datetime as milliseconds since 1970, cut to whole milliseconds.

    Raises:
        RejectedRecord: more than a minute after `now_ms`, or before the year 2000.
    """
    return recent(field, (moment - _EPOCH) // _MILLISECOND, now_ms)


def recent(field: str, t_ms: int, now_ms: int) -> int:
    """Check a time in milliseconds since 1970; it may be of any age since the year 2000.

    Raises:
        RejectedRecord: more than a minute after `now_ms`, or before the year 2000.
    """
    if t_ms > now_ms + _FUTURE_MS:
        ahead = (t_ms - now_ms) // 1000
        raise _schema(field, f"{_said(t_ms)} is {ahead} s in the future: check the sender's clock")
    if t_ms < _ANCIENT_MS:
        raise _schema(field, f"{_said(t_ms)} is before 2000-01-01: check the sender's clock")
    return t_ms


def _said(t_ms: int) -> str:
    """A time for people; Avro can hold some that no calendar has."""
    return iso(t_ms) if 0 <= t_ms < _LAST_MS else f"{t_ms} ms since 1970"


def explained(message: str, choices: Mapping[str, tuple[str, ...]]) -> RejectedRecord:
    """A message of msgspec's, like ``Expected `str`, got `int` - at `$.user_id```, as a rejection."""
    found = _PATH.search(message)
    field = found[1] if found else ""
    what = message[: found.start()] if found else message
    kind: RejectionKind = "schema-errors"
    if missing := _MISSING.search(what):
        kind = "incomplete"
        field = f"{field}.{missing[1]}" if field else missing[1]
        what = "is missing: send a value"
    elif what.startswith("Invalid enum value"):
        what += f": use one of {', '.join(choices.get(field, ()))}"
    elif what.endswith("got `null`"):
        kind = "incomplete"
        what = f"is null: send a value ({what[: what.index(',')].lower()})"
    return RejectedRecord(kind, field or None, what)


def _malformed(raw: bytes, message: str) -> RejectedRecord:
    """Bytes that are not JSON; the field is known when what fails follows a key, as in ``"amount": NaN``."""
    at = _AT_BYTE.search(message)
    key = _KEY_BEFORE.search(raw[: int(at[1])]) if at else None
    field = key[1].decode() if key else None
    return _schema(
        field, f"not valid JSON: {message}; send one JSON object per record, without NaN or Infinity"
    )


def _schema(field: str | None, message: str) -> RejectedRecord:
    return RejectedRecord("schema-errors", field, message)
