"""Files of the lake do not depend on how rows came: not on bundles, and not on where a job went on."""

from __future__ import annotations

from itertools import chain, pairwise

from hypothesis import given
from hypothesis import strategies as st

from processing.engines.flink.bundles import Row
from processing.engines.flink.groups import Group, parted

_MINUTE = 60_000
# Kinesis' arrival times may go back a little.
_STEPS = st.lists(st.integers(-2_000, 40_000), max_size=60)
_CUTS = st.sets(st.integers(0, 60))


def _bundles(rows: list[Row], cuts: set[int]) -> list[list[Row]]:
    places = [0, *sorted(cut for cut in cuts if 0 < cut < len(rows)), len(rows)]
    return [rows[a:b] for a, b in pairwise(places) if a < b]


def _ended(bundles: list[list[Row]], most: int) -> tuple[dict[str, list[str]], Group | None, list[str]]:
    """Groups that ended with the rows of each, by first record; and the open one with its rows."""
    ended: dict[str, list[str]] = {}
    group, kept = None, list[str]()
    for bundle in bundles:
        *complete, (group, fresh) = parted(group, bundle, _MINUTE, most)
        for one, last in complete:
            ended[one.first] = [*kept, *(row.sequence for row in last)]
            assert len(ended[one.first]) == one.size <= most
            kept = []
        kept += [row.sequence for row in fresh]
    return ended, group, kept


@given(
    steps=_STEPS, one=st.sets(st.integers(0, 60)), other=st.sets(st.integers(0, 60)), most=st.integers(1, 9)
)
def test_bundles_do_not_matter(steps: list[int], one: set[int], other: set[int], most: int) -> None:
    arrivals = [_MINUTE + sum(steps[: n + 1]) for n in range(len(steps))]
    rows = [Row(f"{n:03d}", arrival) for n, arrival in enumerate(arrivals)]
    ended, group, kept = _ended(_bundles(rows, one), most)
    assert (ended, group, kept) == _ended(_bundles(rows, other), most)
    # Every row is in one group, in order.
    assert [*chain.from_iterable(ended.values()), *kept] == [row.sequence for row in rows]
    for first, members in ended.items():
        assert members[0] == first
        assert len({arrivals[int(member)] // _MINUTE for member in members}) == 1
