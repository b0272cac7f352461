"""Records that are put on the raw stream a second time, such as dead letters after their cause is gone.

The bytes stay the original ones, so that every reader of the stream understands them. The mark is in
the partition key, and an explicit hash key keeps the record in the shard its original key belongs to.
"""

from __future__ import annotations

from hashlib import md5
from typing import Any

_MARK = "replay/"
_LONGEST_KEY = 256  # characters of a partition key


def entry(data: bytes, partition_key: str) -> dict[str, Any]:
    """An entry of PutRecords that replays a record.

    Args:
        data: the record's original bytes.
        partition_key: the key it was first sent with; the key of a replay is taken as it is.
    """
    original = original_key(partition_key)
    # Kinesis hashes partition keys with MD5; this is an address, not a secret.
    hashed = md5(original.encode(), usedforsecurity=False).digest()
    return {
        "Data": data,
        "PartitionKey": (_MARK + original)[:_LONGEST_KEY],
        "ExplicitHashKey": str(int.from_bytes(hashed, "big")),
    }


def is_replay(partition_key: str) -> bool:
    """Whether a record with this partition key was put again."""
    return partition_key.startswith(_MARK)


def original_key(partition_key: str) -> str:
    """The key a record was first sent with."""
    return partition_key.removeprefix(_MARK)
