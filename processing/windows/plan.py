"""From the declarations: which windows an entity has, and where the kernel leaves each feature's value.

The kernel computes every primitive of an entity for every window that one of its features declares;
a plan knows in which order, and picks what is declared.
"""

from __future__ import annotations

import struct
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise
from typing import Literal

from feature_groups import Feature, Primitive, Window, features_of, primitives_of, windows, windows_of
from processing.windows.horizon import LATENESS_MS, MEMORY_MS
from processing.windows.packing import prefix

StatefulEntity = Literal["user", "merchant"]

_NEVER = -(1 << 62)
# The header's words between the prefix and the counts of tiles, for an entity without history: see
# the kernel's `user` and `merchant`.
_HEADERS: dict[StatefulEntity, tuple[int, ...]] = {
    "user": (0, 0, 0, _NEVER, _NEVER, 0),
    "merchant": (0, 0, 0, _NEVER),
}


@dataclass(frozen=True, slots=True)
class Plan:
    """How one entity's declared features are computed.

    Attributes:
        cap: so many newest events count at their own times.
        windows: shortest first, each inside the next.
        values: what the kernel computes, in its order.
        empty: the packed state of an entity without history.
        prefix: the first 8 bytes of its states.
        settings: what kernel functions are told, see `processing.windows.kernel.ring`.
        picks: the position among `values` of each declared feature, in model order.
    """

    cap: int
    windows: tuple[Window, ...]
    values: tuple[tuple[Primitive, Window | None], ...]
    empty: bytes
    prefix: bytes
    settings: tuple[int, ...]
    picks: tuple[int, ...]


def plan(entity: StatefulEntity) -> Plan:
    """The plan of an entity's declared features, under the cap that is declared now."""
    return _plan(entity, windows.EXACT_EVENTS)


@lru_cache
def _plan(entity: StatefulEntity, cap: int) -> Plan:
    return plan_of(entity, features_of(entity), windows_of(entity), cap)


def plan_of(
    entity: StatefulEntity, features: Iterable[Feature], declared: Sequence[Window], cap: int
) -> Plan:
    """The plan of features over windows.

    Raises:
        ValueError: windows do not lie inside each other by at least a tile, or the cap is below 1.
    """
    if cap < 1:
        raise ValueError(f"EXACT_EVENTS is {cap}: use 1 or more")
    for inner, outer in pairwise(declared):
        if outer.milliseconds - inner.milliseconds < outer.tile_ms:
            raise ValueError(
                f"windows {inner.name} and {outer.name}: let them differ by a tile of {outer.name} or more"
            )
    values = _values(entity, declared)
    places = {value: place for place, value in enumerate(values)}
    lengths = tuple(window.milliseconds for window in declared)
    tiles = tuple(window.tile_ms for window in declared)
    first = prefix(entity[0].upper().encode(), cap, lengths, tiles)
    header = (*_HEADERS[entity], *(0 for _ in declared))
    word = struct.unpack("<q", first)[0]
    return Plan(
        cap=cap,
        windows=tuple(declared),
        values=values,
        empty=first + struct.pack(f"<{len(header)}q", *header),
        prefix=first,
        settings=(
            *(word, cap, LATENESS_MS, windows.RETENTION_MS, MEMORY_MS, len(declared)),
            *lengths,
            *tiles,
        ),
        picks=tuple(places[feature.primitive, feature.window] for feature in features),
    )


def _values(
    entity: StatefulEntity, declared: Sequence[Window]
) -> tuple[tuple[Primitive, Window | None], ...]:
    """Users: window by window. Merchants: primitive by primitive, those without a window last."""
    primitives = primitives_of(entity)
    if entity == "user":
        return tuple((primitive, window) for window in declared for primitive in primitives)
    windowed = tuple((p, window) for p in primitives if p.windowed for window in declared)
    return (*windowed, *((p, None) for p in primitives if not p.windowed))
