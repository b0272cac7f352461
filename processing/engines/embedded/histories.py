"""The histories of all users, or of all merchants: their memory, their numbers, their plan."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from feature_groups import MODEL_FEATURES
from processing.engines.embedded import fields as f
from processing.engines.embedded.blocks import release_idle
from processing.engines.embedded.entities import Chains, Codes, Numbering
from processing.engines.embedded.index import index_size
from processing.engines.embedded.layout import arena, capacity, more_entities, more_room, size_for
from processing.windows import RETENTION_MS
from processing.windows import plan as plan_of_entity
from processing.windows.plan import StatefulEntity

# Rings of more transactions have an index; below, a scan is as fast and takes no memory.
_LARGE = 512

# Processes the entities of a batch from a position on, and returns how far it came:
# ``step(touched, start, following)``.
Step = Callable[[Codes, int, Codes], int]


class Histories:
    """One kind of entity.

    Args:
        entity: ``user`` or ``merchant``.
        totals: columns of `Arena.totals`.
        kinds: kinds of distinct values.

    Attributes:
        columns: where in the model each value of the kernel goes, -1 for nowhere.
        large: rings of more transactions have an index.
        packed: histories that are in no ring but packed, per entity, see `packed`.
        retention: how far behind its newest transaction an entity's ring reaches, ms.
    """

    def __init__(self, entity: StatefulEntity, totals: int, kinds: int) -> None:
        self.entity = entity
        self.plan = plan = plan_of_entity(entity)
        self.settings = np.array(plan.settings, np.int64)
        self.memory = arena(len(plan.windows), totals)
        self.numbering = Numbering()
        self.chains = Chains()
        self.large = min(plan.cap, _LARGE)
        self.retention = RETENTION_MS
        self.columns = np.full(len(plan.values), -1, np.int64)
        places = [n for n, feature in enumerate(MODEL_FEATURES) if feature.entity == entity]
        self.columns[list(plan.picks)] = places
        self.kinds = kinds
        self.packed: dict[int, bytes] = {}
        self._next_idle = 0

    def __len__(self) -> int:
        return len(self.numbering)

    def numbers(self, identities: NDArray[np.int64], codes: Codes) -> Codes:
        """The entity number of each row; new entities begin without history."""
        numbers = self.numbering.of(identities, codes)
        more_entities(self.memory, len(self.numbering))
        return numbers

    def run(self, numbers: Codes, step: Step) -> None:
        """Take every entity of a batch through `step`, with room in the pools when it asks for it."""
        touched, following = self.chains.link(numbers, len(self))
        done = step(touched, 0, following)
        while done < touched.size:
            entity = int(touched[done])
            self.grow(entity, int(self.chains.counts[entity]))
            done = step(touched, done, following)
        self.chains.clear(touched)

    def add(self, identity: int) -> int:
        """The number of one entity, which begins without history if it is new."""
        return int(self.numbers(np.array([identity], np.int64), np.zeros(1, np.int32))[0])

    def release_idle(self, before: int, entities: int) -> None:
        """Look through the next `entities` and release those whose last transaction is before a time."""
        start = self._next_idle
        stop = min(start + entities, len(self))
        release_idle(self.memory, start, stop, before)
        self._next_idle = 0 if stop == len(self) else stop

    def newest(self) -> NDArray[np.int64]:
        """The time of each entity's newest transaction in memory, `fields.NEVER` for none."""
        entities = self.memory.entities
        times = np.full(len(entities), f.NEVER)
        held = entities[:, f.LENGTH] > 0
        times[held] = self.memory.times[entities[held, f.FIRST] + entities[held, f.LENGTH] - 1]
        return times

    @property
    def nbytes(self) -> int:
        """Bytes of memory that hold something or wait to be used again."""
        free = self.memory.free
        cells, numbers = int(free[f.NEXT_CELL]), int(free[f.NEXT_NUMBER])
        total: int = cells * self._per_cell + numbers * 4 + len(self) * self._per_entity
        return total

    @property
    def nbytes_in_use(self) -> int:
        """Bytes of memory that hold something; blocks of rings count in full."""
        sizes = self.memory.entities[: len(self), f.SIZE]
        cells = sum(
            capacity(int(size)) * int((sizes == size).sum()) for size in np.unique(sizes) if size >= 0
        )
        total: int = cells * self._per_cell + len(self) * self._per_entity
        return total

    @property
    def _per_cell(self) -> int:
        return 36 if self.memory.amounts.size else 20

    @property
    def _per_entity(self) -> int:
        # Their rows, and what finds them: identity, hash table, chain.
        return int(self.memory.entities.strides[0] + self.memory.totals.strides[0]) + 8 + 8 + 8

    def grow(self, entity: int, adding: int) -> None:
        """Make room in the pools for `adding` more transactions of an entity."""
        wanted = int(self.memory.entities[entity, f.LENGTH]) + adding
        room = 2 * capacity(size_for(2 * wanted))
        numbers = index_size(room, self.kinds, len(self.plan.windows)) if room > self.large else 0
        more_room(self.memory, room, numbers)
