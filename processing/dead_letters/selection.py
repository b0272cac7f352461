"""Which letters a replay takes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from processing.dead_letters.letters import Letter
from processing.dead_letters.summary import reason


@dataclass(frozen=True, slots=True)
class Selection:
    """Conditions that all have to hold; those that say nothing hold always.

    Attributes:
        reason: part of the error or of its group, whatever the case.
        field: the field at fault.
        first, last: sequence numbers in the record's own stream, both included.
        ids: ids of letters, or ends of ids such as the sequence number.
    """

    reason: str = ""
    field: str | None = None
    first: int | None = None
    last: int | None = None
    ids: Sequence[str] = ()

    def matches(self, letter: Letter) -> bool:
        """Whether a letter is meant."""
        sequence, part = int(letter.sequence), self.reason.casefold()
        return (
            (part in letter.error.casefold() or part in reason(letter).casefold())
            and (self.field is None or self.field == letter.field)
            and (self.first is None or self.first <= sequence)
            and (self.last is None or sequence <= self.last)
            and (not self.ids or any(letter.id == id_ or letter.id.endswith(f"/{id_}") for id_ in self.ids))
        )
