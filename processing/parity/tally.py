"""Counts cells that are the same and cells that are not, and keeps the first that is not."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from processing.parity.report import Difference, FeatureParity

Values = NDArray[np.float64]
Positions = NDArray[np.int64]


def differs(left: Values, right: Values) -> NDArray[np.bool_]:
    """Where two arrays of one shape differ in a bit; missing values (NaN) are all the same.

    0.0 and -0.0 differ: they are different bits, and 1/x tells them apart.
    """
    bits: NDArray[np.bool_] = np.ascontiguousarray(left).view(np.int64) != np.ascontiguousarray(right).view(
        np.int64
    )
    return bits & ~(np.isnan(left) & np.isnan(right))


class Tally:
    """Adds up the comparison of two tables, in pieces of any order.

    Args:
        names: the features of the columns, left and right together.
        in_left, in_right: which of them each side has; cells of a column that a side lacks are never
            looked at there.
    """

    def __init__(self, names: Sequence[str], in_left: Sequence[bool], in_right: Sequence[bool]) -> None:
        self._names = tuple(names)
        self._sides = np.array([in_left, in_right], dtype=bool)
        self._counts = np.zeros((4, len(self._names)), np.int64)
        self._first: dict[int, Difference] = {}

    def both(self, positions: Positions, ids: Sequence[str], left: Values, right: Values) -> None:
        """Events of both sides: arrays of shape (events, features), `positions` in the left table."""
        shared = self._sides.all(axis=0)
        unequal = differs(left, right) & shared
        wrong = unequal.sum(axis=0)
        self._counts[0] += np.where(shared, len(ids) - wrong, 0)
        self._counts[1] += wrong
        self._counts[2] += np.where(self._sides[0] & ~shared, len(ids), 0)
        self._counts[3] += np.where(self._sides[1] & ~shared, len(ids), 0)
        self._note(unequal | ~shared, positions, ids, left, right)

    def only(self, side: int, positions: Positions, ids: Sequence[str], values: Values) -> None:
        """Events that only one side has: 0 the left one (missing), 1 the right one (extra)."""
        has = self._sides[side]
        self._counts[2 + side] += np.where(has, len(ids), 0)
        marked = np.broadcast_to(has, values.shape)
        self._note(marked, positions, ids, *((values, None) if side == 0 else (None, values)))

    def features(self) -> tuple[FeatureParity, ...]:
        """What was counted so far."""
        return tuple(
            FeatureParity(name, match, mismatch, missing, extra, self._first.get(column))
            for column, (name, (match, mismatch, missing, extra)) in enumerate(
                zip(self._names, self._counts.T.tolist(), strict=True)
            )
        )

    def _note(
        self,
        marked: NDArray[np.bool_],
        positions: Positions,
        ids: Sequence[str],
        left: Values | None,
        right: Values | None,
    ) -> None:
        """Keep the marked cell of the earliest event, per feature."""
        for column in np.flatnonzero(marked.any(axis=0)).tolist():
            rows = np.flatnonzero(marked[:, column])
            row = int(rows[np.argmin(positions[rows])])
            position, known = int(positions[row]), self._first.get(column)
            if known is None or position < known.position:
                values = [
                    float(side[row, column]) if side is not None and has else None
                    for side, has in ((left, self._sides[0, column]), (right, self._sides[1, column]))
                ]
                self._first[column] = Difference(position, ids[row], *values)
