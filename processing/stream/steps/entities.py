"""The states of one kind of entity in a micro-batch."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from importlib import import_module
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from processing.stream.steps.joined import join
from processing.windows.compiled import NUMBA, Words, buffer, packed, zeros
from processing.windows.packing import adopt
from processing.windows.plan import StatefulEntity
from processing.windows.runtime import kernel

Load = Callable[[Iterable[str]], dict[str, bytes]]


class Applied(NamedTuple):
    """What a series of events does.

    Attributes:
        values: per event all that the kernel computes as of its time, in its order; NaN is missing.
        lasts: per event the time of the newest event strictly before it, NaN for none; users only.
        states: the states after all events, by entity id.
    """

    values: list[list[float]]
    lasts: list[float]
    states: dict[str, bytes]


class Entities:
    """Packed states by entity id: as loaded, and as changed since.

    Args:
        kind: whose states they are.
        load: gives the stored states of some ids.
        ids: those that will be needed, to be loaded at once; others are loaded when they are.

    Attributes:
        changed: states that differ from what is stored.
    """

    def __init__(self, kind: StatefulEntity, load: Load, ids: Iterable[str]) -> None:
        self._kernel = kernel(kind)
        self._step = import_module(f"processing.stream.steps.{kind}").step
        self._load = load
        self._asked = set(ids)
        self._stored = load(self._asked)
        self.changed: dict[str, bytes] = {}

    def state(self, entity: str) -> bytes | None:
        """The state of an entity; None without history."""
        if entity not in self._asked:
            self._asked.add(entity)
            self._stored |= self._load([entity])
        return self.changed.get(entity) or self._stored.get(entity)

    def applied(self, entities: Sequence[str], columns: Iterable[Sequence[int]]) -> Applied:
        """What events make of the states of their entities, in the given order; nothing changes yet.

        Args:
            entities: the entity of each event, at least one.
            columns: what the kernel's `update` takes, the time first, an element per event.

        Raises:
            StateError: a state cannot be read.
        """
        its = self._kernel
        index: dict[str, int] = {}
        codes = np.array([index.setdefault(entity, len(index)) for entity in entities])
        order = np.argsort(codes, kind="stable")
        begins = np.concatenate([[0], np.cumsum(np.bincount(codes))])
        joined, starts, ends = join([self._readable(entity) for entity in index])
        grouped = [_words(np.array(column, np.int64)[order]) for column in columns]
        out = np.empty((len(entities), its.width + 1))
        new_starts: Any = zeros(len(index))
        new_ends: Any = zeros(len(index))
        places = (_words(np.array(starts)), _words(np.array(ends)), _words(begins))
        states = packed(
            self._step(its.settings, buffer(joined), *places, *grouped, out, new_starts, new_ends)
        )
        slices = zip(index, new_starts, new_ends, strict=True)
        answers = np.empty_like(out)
        answers[order] = out
        return Applied(
            answers[:, :-1].tolist(),
            answers[:, -1].tolist(),
            {entity: states[start:end] for entity, start, end in slices},
        )

    def _readable(self, entity: str) -> bytes:
        its, state = self._kernel, self.state(entity)
        if state is None:
            return its.empty
        return state if state[:8] == its.prefix else adopt(state, its.empty, its.header, its.sketches)


def _words(values: NDArray[np.int64]) -> Words:
    # Plain Python counts on integers that do not overflow.
    return values if NUMBA else values.tolist()
