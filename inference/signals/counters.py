"""What became of the questions to a third party."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal, Protocol, get_args

Outcome = Literal["asked", "cached", "hedged", "timed_out", "failed", "open", "busy"]
OUTCOMES: tuple[Outcome, ...] = get_args(Outcome)
_AT = {outcome: at for at, outcome in enumerate(OUTCOMES)}


class Row(Protocol):
    """Numbers that are counted in: a list, or memory that workers share."""

    def __getitem__(self, at: int, /) -> float: ...

    def __setitem__(self, at: int, value: float, /) -> None: ...


class Counters:
    """Counts questions by what became of them.

    - ``asked``: they led to a call; ``cached``: answered without one.
    - ``hedged``: a second call was made beside one that took long.
    - ``timed_out``: no answer in time; ``failed``: an error, or nonsense.
    - ``open``: not asked, because it kept failing; ``busy``: too many calls were under way.

    Args:
        row: one number per outcome, in the order of `OUTCOMES`; None makes one.
    """

    def __init__(self, row: Row | None = None) -> None:
        self._row: Row = [0.0] * len(OUTCOMES) if row is None else row

    def add(self, outcome: Outcome) -> None:
        """One more."""
        self._row[_AT[outcome]] += 1

    def __getitem__(self, outcome: Outcome) -> int:
        return int(self._row[_AT[outcome]])

    def of(self, *outcomes: Outcome) -> Sequence[int]:
        """Several of them."""
        return tuple(self[outcome] for outcome in outcomes)
