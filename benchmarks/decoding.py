"""Decoding and checking one transaction, in each format that streams carry.

    python -m benchmarks.decoding

CPU time of one core, best of five rounds: a complete record from bytes to a checked `Transaction`.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from uuid import UUID

from benchmarks.results import record
from processing.events import decode_transaction
from processing.schemas import current, definition
from processing.schemas.encoding import avro_encoder
from processing.schemas.reading import AvroReader
from processing.schemas.writing import AvroWriter

_NAME = "transactions-raw"
_NOW_MS = 1_772_368_496_789
_CALLS, _ROUNDS = 20_000, 5
_DOCUMENT = {
    "transaction_id": "tx-000000123456", "user_id": "user-001234", "merchant_id": "merchant-00123",
    "amount": 12.5, "currency": "EUR", "timestamp": "2026-03-01T12:34:56.789Z",
    "location": {"lat": 48.85, "lon": 2.35}, "country": "FR", "device": "device-123", "channel": "pos",
    "status": "approved",
}  # fmt: skip


def main() -> None:
    """Measure both and record them."""
    document = json.dumps(_DOCUMENT).encode()
    encode = avro_encoder(_NAME, AvroWriter(_NAME, UUID(int=1)))
    framed, reader = encode(document), AvroReader(_NAME, lambda _version: definition(current(_NAME)))
    as_json = _microseconds(lambda: decode_transaction(document, _NOW_MS, replay=False))
    as_avro = _microseconds(lambda: decode_transaction(framed, _NOW_MS, replay=False, avro=reader))
    record(f"decode a transaction, JSON of {len(document)} bytes", as_json, "us")
    record(f"decode a transaction, Avro of {len(framed)} bytes", as_avro, "us", "JSON", as_json / as_avro)
    record("encode a transaction, JSON to framed Avro", _microseconds(lambda: encode(document)), "us")


def _microseconds(call: Callable[[], object]) -> float:
    rounds = []
    for _ in range(_ROUNDS):
        began = time.process_time()
        for _ in range(_CALLS):
            call()
        rounds.append((time.process_time() - began) / _CALLS * 1e6)
    return min(rounds)


if __name__ == "__main__":
    main()
