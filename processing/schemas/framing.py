"""How an Avro record travels: AWS Glue's framing, which its serializers for other languages write too.

byte 0      3, the version of the framing
byte 1      0, or 5 when what follows byte 17 is compressed with zlib
bytes 2-17  the schema version's id in the registry, a UUID
bytes 18-   the record, Avro binary
"""

from __future__ import annotations

import zlib
from typing import NamedTuple

HEADER_BYTES = 18
VERSION = 3
_PLAIN, _ZLIB = 0, 5


class UnreadableRecordError(ValueError):
    """The bytes are no usable Avro record; the message says what is wrong and what to send."""


class Frame(NamedTuple):
    """The id of the schema version (16 bytes) and the Avro body."""

    schema_version: bytes
    body: bytes


def frame(schema_version: bytes, body: bytes, *, compress: bool = False) -> bytes:
    """Put an Avro body into its frame.

    Args:
        schema_version: the 16 bytes of the schema version's UUID.
        compress: with zlib; worth it above a kilobyte or so.
    """
    if len(schema_version) != 16:
        raise ValueError(f"schema_version has {len(schema_version)} bytes: pass the UUID's 16")
    if compress:
        return bytes((VERSION, _ZLIB)) + schema_version + zlib.compress(body)
    return bytes((VERSION, _PLAIN)) + schema_version + body


def is_framed(data: bytes) -> bool:
    """Whether a record claims to be framed Avro; JSON begins with a brace or white space."""
    return data[:1] == b"\x03"


def unframe(data: bytes, most_bytes: int) -> Frame:
    """Take a record out of its frame.

    Args:
        most_bytes: the largest body after decompression.

    Raises:
        UnreadableRecordError: too short, unknown version or compression, corrupt or too large.
    """
    if len(data) < HEADER_BYTES or data[0] != VERSION:
        raise UnreadableRecordError("not a Glue frame: send byte 3, compression, schema version id, record")
    if data[1] == _PLAIN:
        body = data[HEADER_BYTES:]
    elif data[1] == _ZLIB:
        body = _inflated(data[HEADER_BYTES:], most_bytes)
    else:
        raise UnreadableRecordError(f"compression {data[1]} is unknown: send 0 for none or 5 for zlib")
    if len(body) > most_bytes:
        raise UnreadableRecordError(f"record of {len(body)} bytes: send at most {most_bytes}")
    return Frame(data[2:HEADER_BYTES], body)


def _inflated(packed: bytes, most_bytes: int) -> bytes:
    inflate = zlib.decompressobj()
    try:
        # A few bytes can unpack to gigabytes: never more than the limit and one is made.
        body = inflate.decompress(packed, most_bytes + 1)
    except zlib.error as error:
        raise UnreadableRecordError(f"not valid zlib: {error}; compress the record as a whole") from None
    if len(body) > most_bytes:
        raise UnreadableRecordError(f"the record unpacks to more than {most_bytes} bytes: send at most that")
    if not inflate.eof or inflate.unused_data:
        raise UnreadableRecordError("zlib data is cut short, or more follows: send one whole record")
    return body
