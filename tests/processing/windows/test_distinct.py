"""Distinct values beyond the cap: a good estimate, and a sketch that forgets nothing it may be asked."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from processing.windows import identity
from processing.windows.compiled import zeros
from processing.windows.kernel.coarse import recall, sketch
from processing.windows.kernel.distinct import REGISTERS, admit, estimate, note, place, slots
from tests.processing.windows.oracle import distinct


@pytest.mark.parametrize("count", [0, 1, 10, 200, 1_000, 20_000])
def test_the_estimate_is_the_oracles_and_close(count: int) -> None:
    hashes = [identity(f"customer {n}") for n in range(count)]
    registers = zeros(REGISTERS)
    for value in hashes:
        note(registers, place(value))
    assert estimate(registers) == distinct(hashes, True)
    assert estimate(registers) == pytest.approx(count, rel=0.13)  # two standard errors


def test_places_at_both_ends() -> None:
    assert place(0) == place(1 << 60) == 40  # 39 zeros and more are alike
    assert place(-1) == 255 << 6 | 1
    assert place(1 << 8 + 38) == 39
    assert place(-(1 << 63) + (1 << 8 + 2) + 7) == 7 << 6 | 3


@settings(deadline=None)  # the first call compiles
@given(st.lists(st.integers(-(2**63), 2**63 - 1) | st.integers(-2, 2)))
def test_a_hash_table_counts_different_values(values: list[int]) -> None:
    table = zeros(slots(len(values)))
    assert sum(admit(table, value) for value in values) == len(set(values))


@settings(deadline=None)  # the first call compiles
@given(st.lists(st.tuples(st.integers(0, 3), st.integers(1, 5), st.integers(0, 30))))
def test_a_sketch_answers_for_every_start_and_does_not_depend_on_order(
    seen: list[tuple[int, int, int]],
) -> None:
    def sketched(entries: list[tuple[int, int, int]]) -> list[int]:
        words, end = zeros(len(entries) + 1), 0
        for register, rank, t_ms in entries:
            end = sketch(words, 0, end, register << 6 | rank, t_ms)
        return [words[i] for i in range(end)]

    entries = sketched(seen)
    assert entries == sketched(sorted(seen)) == sketched(sorted(seen, key=lambda one: -one[2]))
    words = zeros(len(entries) + 1)
    for i, entry in enumerate(entries):
        words[i] = entry
    for start in range(32):
        registers = zeros(REGISTERS)
        recall(registers, words, 0, len(entries), start)
        for register in range(4):
            known = [rank for r, rank, t_ms in seen if r == register and t_ms >= start]
            assert registers[register] == max(known, default=0)
