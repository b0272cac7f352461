"""A letter's original bytes, from the letter or from the lake, and in a form that people can read."""

from __future__ import annotations

import json
from datetime import datetime
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from processing.dead_letters.letters import Letter
from processing.schemas.framing import UnreadableRecordError, is_framed
from processing.schemas.reading import Definitions, read_as_written

_HEX_BYTES = 512


class PayloadError(Exception):
    """The original bytes are not where the letter says."""


def payload(s3: Any, letter: Letter) -> bytes:
    """The bytes as they were sent.

    Raises:
        PayloadError: the letter has none, or the lake no longer does.
    """
    if letter.payload is not None:
        return letter.payload
    bucket, _, key = (letter.payload_uri or "").removeprefix("s3://").partition("/")
    if not key:
        raise PayloadError(f"{letter.id}: the letter has neither payload nor payload_uri")
    try:
        data: bytes = s3.get_object(Bucket=bucket, Key=key)["Body"].read()
    except ClientError as error:
        raise PayloadError(f"{letter.id}: {letter.payload_uri}: {error}") from error
    return data


def readable(data: bytes, definitions: Definitions) -> tuple[str, str]:
    """What the bytes are, and the bytes for people: JSON indented, Avro decoded, else a hex dump."""
    if is_framed(data):
        try:
            record = read_as_written(data, definitions)
        except (UnreadableRecordError, ClientError, BotoCoreError) as error:
            return f"Avro that cannot be read: {error}", hex_dump(data)
        return "Avro", json.dumps(record, indent=2, ensure_ascii=False, default=_text)
    try:
        return "JSON", json.dumps(json.loads(data), indent=2, ensure_ascii=False)
    except (ValueError, RecursionError):
        pass
    try:
        text = data.decode()
    except UnicodeDecodeError:
        return "binary", hex_dump(data)
    return ("text, not JSON", text) if text.isprintable() or "\n" in text else ("binary", hex_dump(data))


def hex_dump(data: bytes) -> str:
    """Sixteen bytes a line, with their offset and their printable characters."""
    lines = []
    for start in range(0, min(len(data), _HEX_BYTES), 16):
        row = data[start : start + 16]
        text = "".join(chr(byte) if 32 <= byte < 127 else "." for byte in row)
        lines.append(f"{start:08x}  {row.hex(' '):<47}  {text}")
    if len(data) > _HEX_BYTES:
        lines.append(f"... {len(data) - _HEX_BYTES:,} bytes more")
    return "\n".join(lines)


def _text(value: object) -> str:
    if isinstance(value, datetime):
        return value.isoformat()
    return value.hex() if isinstance(value, bytes) else str(value)
