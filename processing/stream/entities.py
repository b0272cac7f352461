"""Decoded states in memory, in front of the store."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Iterable
from typing import Generic, Protocol, TypeVar


class State(Protocol):
    """What the cache needs of a state."""

    def encode(self) -> bytes: ...


S = TypeVar("S", bound=State)


class Entities(Generic[S]):
    """States of one kind by entity id; the least recently used are dropped beyond `capacity`.

    A state handed out by `touch` may be changed; `changed` packs what was, and `committed` accepts
    that it is safe in the store. Dropping happens only then.
    """

    def __init__(
        self,
        load: Callable[[Iterable[str]], dict[str, bytes]],
        decode: Callable[[bytes], S],
        create: Callable[[], S],
        capacity: int,
    ) -> None:
        self._load, self._decode, self._create = load, decode, create
        self._capacity = capacity
        self._hot: OrderedDict[str, S] = OrderedDict()
        self._touched: set[str] = set()

    def prefetch(self, entities: Iterable[str]) -> None:
        """Load those that are not in memory, all at once."""
        absent = [entity for entity in entities if entity not in self._hot]
        packed = self._load(absent) if absent else {}
        for entity in absent:
            found = packed.get(entity)
            self._hot[entity] = self._create() if found is None else self._decode(found)

    def get(self, entity: str) -> S:
        """The state of an entity, empty when it is new, to be read only."""
        if entity not in self._hot:
            self.prefetch([entity])
        self._hot.move_to_end(entity)
        return self._hot[entity]

    def touch(self, entity: str) -> S:
        """The state of an entity, to be changed."""
        self._touched.add(entity)
        return self.get(entity)

    def changed(self) -> dict[str, bytes]:
        """Packed states of everything touched since `committed`."""
        return {entity: self._hot[entity].encode() for entity in self._touched}

    def committed(self) -> None:
        self._touched.clear()
        while len(self._hot) > self._capacity:
            self._hot.popitem(last=False)
