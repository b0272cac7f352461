"""Redis or Valkey as an online store: one packed value per entity, for all that one MGET reads."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import redis

from feature_groups.names import Names
from processing.online.codec import PROGRESS, STREAM, key, pack
from processing.online.writing import OnlineRecord, OnlineUnavailableError

_TIMEOUT_S = 5.0
_MOST_AT_ONCE = 250

# An older record never replaces a newer one, whoever writes it: the comparison is part of the write. A
# record that has expired already is not stored, and takes the older one with it.
_PUT = """
for at, name in ipairs(KEYS) do
  local value, expires_ms = ARGV[2 * at - 1], ARGV[2 * at]
  local before = redis.call('GETRANGE', name, 0, 7)
  if #before < 8 or struct.unpack('<i8', before) <= struct.unpack('<i8', value) then
    redis.call('SET', name, value)
    if expires_ms ~= '' then redis.call('PEXPIREAT', name, expires_ms) end
  end
end
"""


def prefix(names: Names) -> bytes:
    """What every key of an environment begins with."""
    return f"{names.prefix}:".encode()


class RedisWriter:
    """Writes to one server, a primary. Sharded clusters are not supported: a read is one MGET.

    Args:
        url: as redis-py reads it, e.g. ``redis://127.0.0.1:6379/0``.
    """

    def __init__(self, url: str, names: Names) -> None:
        self._prefix = prefix(names)
        self._client: Any = redis.Redis.from_url(
            url, socket_timeout=_TIMEOUT_S, socket_connect_timeout=_TIMEOUT_S, health_check_interval=30
        )
        self._put = self._client.register_script(_PUT)

    def write(self, records: Sequence[OnlineRecord]) -> None:
        """See `OnlineWriter`."""
        for first in range(0, len(records), _MOST_AT_ONCE):
            keys: list[bytes] = []
            arguments: list[bytes | int] = []
            for record in records[first : first + _MOST_AT_ONCE]:
                keys.append(self._prefix + key(record.kind, record.entity))
                value = pack(record.event_ms, record.payload, record.expires_ms)
                arguments += (value, b"" if record.expires_ms is None else record.expires_ms)
            try:
                self._put(keys=keys, args=arguments)
            except redis.RedisError as error:
                raise OnlineUnavailableError(f"Redis cannot be written: {error}") from error

    def is_empty(self) -> bool:
        """See `OnlineWriter`."""
        try:
            return not self._client.exists(self._prefix + key(PROGRESS, STREAM))
        except redis.RedisError as error:
            raise OnlineUnavailableError(f"Redis cannot be read: {error}") from error

    def close(self) -> None:
        """Close the connections."""
        self._client.close()
