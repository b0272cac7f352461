"""Which rows share a file of the lake: told by the rows alone, however they were bundled."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import msgspec

from processing.engines.flink.bundles import Row


class Group(msgspec.Struct, array_like=True):
    """Rows of one shard that arrived in the same interval, up to a number of rows.

    Attributes:
        interval: its number since 1970.
        first: sequence number of its first record.
        size: rows so far.
        written: how many of them are in the lake.
    """

    interval: int
    first: str
    size: int = 0
    written: int = 0


group_of = msgspec.msgpack.Decoder(Group).decode


def parted(
    group: Group | None, rows: Iterable[Row], every_ms: int, most: int
) -> Iterator[tuple[Group, list[Row]]]:
    """Groups with those of the rows that belong to them; all but the last have ended.

    Args:
        group: the open one, which the first rows may belong to.
        every_ms: the length of an interval.
        most: rows of a group.
    """
    fresh: list[Row] = []
    for row in rows:
        interval = row.arrival_ms // every_ms
        if group and (interval != group.interval or group.size >= most):
            yield group, fresh
            group, fresh = None, []
        if group is None:
            group = Group(interval, row.sequence)
        group.size += 1
        fresh.append(row)
    if group:
        yield group, fresh
