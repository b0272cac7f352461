"""How many different values: exactly, by a hash set, or estimated from 256 registers.

The estimate is HyperLogLog (Flajolet, Fusy, Gandouet & Meunier 2007) with 256 registers and ranks
up to 40; small numbers are counted by the registers that are empty.
"""

from __future__ import annotations

from math import floor, log

from processing.windows.compiled import Words, compiled, table

REGISTERS = 256
MOST_RANK = 40
_SCALE = 0.7213 / (1 + 1.079 / REGISTERS) * (REGISTERS * REGISTERS)
_SMALL = 2.5 * REGISTERS
_BY_EMPTY = table([0.0] + [REGISTERS * log(REGISTERS / empty) for empty in range(1, REGISTERS + 1)])


@compiled
def slots(count: int) -> int:
    """Size of a hash table for `count` values: a power of two, at most half full, and one for 0."""
    size = 16
    while size < 2 * count:
        size *= 2
    return size + 1


@compiled
def admit(table: Words, value: int) -> int:
    """Add a value to a hash table of `slots` zeros; 1 if it is new, else 0."""
    mask = len(table) - 2
    slot = (value ^ (value >> 8)) & mask
    if value == 0:  # which marks a free slot, so it has one of its own, marked by 1
        slot = mask + 1
        value = 1
    while table[slot] != 0:
        if table[slot] == value:
            return 0
        slot = (slot + 1) & mask
    table[slot] = value
    return 1


@compiled
def place(value: int) -> int:
    """Register and rank of a 64-bit hash as one number, ``register * 64 + rank``."""
    rest = value >> 8
    rank = 1
    while rank < MOST_RANK and rest & 1 == 0:
        rest >>= 1
        rank += 1
    return (value & (REGISTERS - 1)) << 6 | rank


@compiled
def note(registers: Words, at: int) -> None:
    """Let a register know the place of a value."""
    register, rank = at >> 6, at & 63
    if registers[register] < rank:
        registers[register] = rank


@compiled
def estimate(registers: Words) -> int:
    """The number of different values that the registers stand for."""
    total = 0.0  # a sum of powers of two: exact in every order
    free = 0
    for register in range(REGISTERS):
        rank = registers[register]
        if rank == 0:
            free += 1
        total += 1.0 / (1 << rank)
    value = _SCALE / total
    if free > 0 and value <= _SMALL:
        value = _BY_EMPTY[free]
    return floor(value + 0.5)
