"""Hash ranges, partition keys and sequence numbers."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mirror.api import ServiceError
from mirror.kinesis.hashing import (
    MAX_HASH,
    even_ranges,
    hash_key,
    sequence_number,
    sequence_of,
    shard_id,
    shard_index,
)


@given(st.integers(1, 500))
def test_ranges_cover_everything_once(count: int) -> None:
    ranges = even_ranges(count)
    assert len(ranges) == count
    assert ranges[0][0] == 0
    assert ranges[-1][1] == MAX_HASH
    assert all(low[1] + 1 == high[0] for low, high in pairwise(ranges))


def test_a_partition_key_is_hashed_with_md5() -> None:
    assert hash_key("", None) == 0xD41D8CD98F00B204E9800998ECF8427E
    assert hash_key("ignored", "5") == 5


@pytest.mark.parametrize("explicit", ["-1", "x", str(MAX_HASH + 1), "", "٣"])
def test_explicit_hash_keys_are_128_bit_numbers(explicit: str) -> None:
    with pytest.raises(ServiceError, match="ExplicitHashKey"):
        hash_key("a", explicit)


@given(st.integers(0, 999_999), st.integers(0, 2**64 - 1), st.integers(0, 2**64 - 1))
def test_sequence_numbers_keep_the_order_and_round_trip(shard: int, first: int, second: int) -> None:
    low, high = sequence_number(shard, min(first, second)), sequence_number(shard, max(first, second))
    assert int(low) <= int(high)
    assert low <= high
    assert sequence_of(low, shard) == min(first, second)


def test_a_sequence_number_of_another_shard_is_refused() -> None:
    with pytest.raises(ServiceError, match="not of shard shardId-000000000002"):
        sequence_of(sequence_number(1, 5), 2)


def test_shard_ids() -> None:
    assert shard_index(shard_id(7)) == 7
    assert shard_index("nonsense") == -1
