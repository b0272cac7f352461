"""From identities to the arena's entity numbers, and from a batch to each entity's rows."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from processing.engines.embedded.fields import Array
from processing.engines.embedded.lean import lean

Codes = NDArray[np.int32]
Identities = NDArray[np.int64]


class Numbering:
    """Numbers identities from 0 on, in the order in which they are met."""

    def __init__(self) -> None:
        self.identities = np.empty(0, np.int64)
        self._table = np.full(64, -1, np.int32)
        self._last: tuple[Identities, Codes] | None = None

    def __len__(self) -> int:
        return len(self.identities)

    def of(self, identities: Identities, codes: Codes) -> Codes:
        """The number of each row's identity.

        Args:
            identities: the identity of each code; the same array in the batches of one log, so that it
                is looked through once.
            codes: one per row.
        """
        if self._last is None or self._last[0] is not identities:
            self._last = (identities, self._number(identities))
        return self._last[1][codes]

    def find(self, identity: int) -> int:
        """The number of an identity, -1 if it was never met."""
        found = np.full(1, -1, np.int32)
        _look_up(self._table, self.identities, np.array([identity]), found)
        return int(found[0])

    def _number(self, identities: Identities) -> Codes:
        numbers = np.full(identities.size, -1, np.int32)
        _look_up(self._table, self.identities, identities, numbers)
        new = identities[numbers < 0]
        if new.size:
            numbers[numbers < 0] = np.arange(len(self), len(self) + new.size, dtype=np.int32)
            self.identities = np.concatenate([self.identities, new])
            size = len(self._table)
            while size < 2 * len(self):
                size *= 2
            if size > len(self._table):
                self._table = np.full(size, -1, np.int32)
                _enter(self._table, self.identities, 0)
            else:
                _enter(self._table, self.identities, len(self) - new.size)
        return numbers


class Chains:
    """Each entity's rows of a batch, in their order, without sorting."""

    def __init__(self) -> None:
        self.first = np.empty(0, np.int32)
        self.counts = np.empty(0, np.int32)

    def link(self, numbers: Codes, entities: int) -> tuple[Codes, Codes]:
        """``(touched, following)``: the entities of a batch, and per row the next one of its entity or -1.

        Rows of the number -1 are passed over.

        `first` and `counts` then hold each touched entity's first row and how many it has, until `clear`.
        """
        if entities > self.first.size:
            more = max(entities, self.first.size * 5 // 4)
            self.first.resize(more, refcheck=False)
            self.counts.resize(more, refcheck=False)
        touched, following = np.empty(numbers.size, np.int32), np.empty(numbers.size, np.int32)
        found = _link(numbers, self.first, self.counts, touched, following)
        return touched[:found], following

    def clear(self, touched: Codes) -> None:
        """Make ready for the next batch."""
        self.counts[touched] = 0


@lean
def _link(numbers: Array, first: Array, counts: Array, touched: Any, following: Any) -> int:
    found = 0
    for row in range(numbers.size - 1, -1, -1):
        entity = numbers[row]
        if entity < 0:
            continue
        if counts[entity] == 0:
            following[row] = -1
            touched[found] = entity
            found += 1
        else:
            following[row] = first[entity]
        first[entity] = row
        counts[entity] += 1
    return found


@lean
def _look_up(table: Array, identities: Array, wanted: Array, numbers: Array) -> None:
    mask = len(table) - 1
    for i in range(wanted.size):
        slot = (wanted[i] ^ (wanted[i] >> 32)) & mask
        while table[slot] >= 0:
            if identities[table[slot]] == wanted[i]:
                numbers[i] = table[slot]
                break
            slot = (slot + 1) & mask


@lean
def _enter(table: Array, identities: Array, start: int) -> None:
    mask = len(table) - 1
    for number in range(start, identities.size):
        slot = (identities[number] ^ (identities[number] >> 32)) & mask
        while table[slot] >= 0:
            slot = (slot + 1) & mask
        table[slot] = number
