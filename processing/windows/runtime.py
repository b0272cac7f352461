"""The compiled code of an entity and what it is told; numba is imported on first use, not before."""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from importlib import import_module
from operator import itemgetter
from typing import Any, NamedTuple

from feature_groups import windows
from processing.windows.packing import adopt
from processing.windows.plan import StatefulEntity, plan


class Kernel(NamedTuple):
    """What the functions of `processing.windows.user` and `.merchant` call.

    Attributes:
        update: settings, buffer, event's columns -> buffer.
        query: settings, buffer, time, room for `width` values.
        check: settings, buffer -> StateError if it is no state of the entity.
        settings: of the plan, as these functions take them.
        buffer, floats, listed, packed: conversions of arguments and results, see `compiled`.
        empty, prefix: of the plan.
        pick: the declared features out of all values.
        header: words before the counts of tiles.
        sketches: which of them are lengths of sketches.
    """

    update: Callable[..., Any]
    query: Callable[..., None]
    check: Callable[..., None]
    settings: Any
    buffer: Callable[[bytes], Any]
    floats: Callable[[int], Any]
    listed: Callable[[Any], list[float]]
    packed: Callable[[Any], bytes]
    width: int
    empty: bytes
    prefix: bytes
    pick: Callable[[list[float]], tuple[float, ...]]
    header: int
    sketches: slice

    def read(self, state: bytes | None) -> Any:
        """A packed state as an argument; None is the empty one."""
        if state is None:
            state = self.empty
        elif state[:8] != self.prefix:
            state = adopt(state, self.empty, self.header, self.sketches)
        return self.buffer(state)

    def values(self, buffer: Any, t_ms: int) -> list[float]:
        """Everything the kernel computes at a time, in the order of the plan's values."""
        out = self.floats(self.width)
        self.query(self.settings, buffer, t_ms, out)
        return self.listed(out)


def kernel(entity: StatefulEntity) -> Kernel:
    """The kernel of an entity, under the cap that is declared now."""
    return _kernel(entity, windows.EXACT_EVENTS)


@lru_cache
def _kernel(entity: StatefulEntity, _cap: int) -> Kernel:
    its = plan(entity)
    convert = import_module("processing.windows.compiled")
    code = import_module(f"processing.windows.kernel.{entity}")
    return Kernel(
        update=code.update,
        query=code.query,
        check=code.check,
        settings=convert.integers(its.settings),
        buffer=convert.buffer,
        floats=convert.floats,
        listed=convert.listed,
        packed=convert.packed,
        width=len(its.values),
        empty=its.empty,
        prefix=its.prefix,
        pick=itemgetter(*its.picks),
        header=code.TILES,
        sketches=code.SKETCHES,
    )


def warm() -> None:
    """Compile everything, or load it from numba's cache: before a server takes its first request."""
    from processing.windows.merchant import MerchantState
    from processing.windows.user import UserState

    user, merchant = UserState(), MerchantState()
    user.update(0, 1, 1)
    merchant.update(0, 1)
    UserState.decode(user.encode()).query(1)
    MerchantState.decode(merchant.encode()).query(1)
