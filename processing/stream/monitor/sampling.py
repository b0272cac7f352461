"""Schema drift: looks into a few records of each micro-batch; decoding skips what it does not know."""

from __future__ import annotations

import logging
from collections.abc import Sequence

import msgspec

from processing.events.transactions import WireTransaction
from processing.schemas.framing import HEADER_BYTES, is_framed

_log = logging.getLogger(__name__)
SAMPLES = 16
"""Records that are looked into of each micro-batch and minute."""
_FIELDS = frozenset(WireTransaction.__struct_fields__)
_NEW_MINUTES = 60
"""So long a schema version that was not seen before is one to look at."""
_ENTRY_BYTES = 16 + 8
_MOST_VERSIONS = 1_024
"""More than a schema of the registry has; the one seen first is forgotten for one more."""
_MOST_TOLD = 1_024

_decode = msgspec.json.Decoder().decode


class Schemas:
    """The schema versions that were seen, and since which minute.

    Args:
        packed: what `pack` made; empty at first.
    """

    def __init__(self, packed: bytes = b"") -> None:
        self._since = {
            packed[at : at + 16]: int.from_bytes(packed[at + 16 : at + _ENTRY_BYTES], "big")
            for at in range(0, len(packed), _ENTRY_BYTES)
        }
        self._told: set[str] = set()

    def strange(self, sample: Sequence[tuple[bytes, bool]], minute: int) -> int:
        """How many of these records have a field or a schema version that is not known.

        Args:
            sample: records, and whether each was decoded.
        """
        return sum(self._is_strange(data, decoded, minute) for data, decoded in sample)

    def pack(self) -> bytes:
        return b"".join(version + minute.to_bytes(8, "big") for version, minute in self._since.items())

    def _is_strange(self, data: bytes, decoded: bool, minute: int) -> bool:
        if is_framed(data):
            # What could not be decoded may have any bytes for a version; it is a schema error already.
            return decoded and self._is_new(bytes(data[2:HEADER_BYTES]), minute)
        try:
            record = _decode(data)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
            return False  # a schema error, which is counted as one
        unknown = set(record) - _FIELDS if isinstance(record, dict) else set()
        for field in sorted(unknown - self._told)[:10]:
            _log.warning("transactions have a field that no schema knows: %.64r", field)
            if len(self._told) < _MOST_TOLD:
                self._told.add(field)
        return bool(unknown)

    def _is_new(self, version: bytes, minute: int) -> bool:
        if version not in self._since:
            # The first one is not new: nothing is known before it.
            self._since[version] = minute if self._since else minute - _NEW_MINUTES
            if len(self._since) > _MOST_VERSIONS:
                del self._since[next(iter(self._since))]
            _log.warning("transactions have schema version %s, not seen before", version.hex())
        return minute - self._since[version] < _NEW_MINUTES
