"""What is removed, and when: one line for each area of the lake. Nothing else is ever touched."""

from __future__ import annotations

from dataclasses import dataclass

from processing.lake.keys import AGGREGATES_PREFIX, MODELS_PREFIX, SERVED_PREFIX, TRAINING_SETS_PREFIX

REMOVABLE = (TRAINING_SETS_PREFIX, MODELS_PREFIX, AGGREGATES_PREFIX)


@dataclass(frozen=True, slots=True)
class Retention:
    """An area of the lake whose folders are removed as wholes.

    Attributes:
        days: age of a folder's newest object from which the folder goes.
        depth: levels of folders below the prefix that name one.
        spared: what below the prefix is another's.
        for_rejected: whether rejected packages keep their folders too: a rejection can be taken back.

    Raises:
        ValueError: the prefix is none of `REMOVABLE`, or the age is no age.
    """

    name: str
    prefix: str
    days: int
    depth: int = 1
    spared: str | None = None
    for_rejected: bool = False

    def __post_init__(self) -> None:
        if self.prefix not in REMOVABLE:
            raise ValueError(f"{self.name}: {self.prefix} is never cleaned up; use one of {REMOVABLE}")
        if self.days < 1 or self.depth < 1:
            raise ValueError(f"{self.name}: days and depth have to be 1 or more")

    def folder_of(self, key: str) -> str | None:
        """The folder that an object of the area belongs to; None for one that lies in none."""
        parts = key.removeprefix(self.prefix).split("/")
        if not key.startswith(self.prefix) or len(parts) <= self.depth:
            return None
        if self.spared is not None and key.startswith(self.spared):
            return None
        return self.prefix + "/".join(parts[: self.depth]) + "/"


RETENTION: tuple[Retention, ...] = (
    Retention("training sets", TRAINING_SETS_PREFIX, days=90),
    Retention(
        "models that were never registered", MODELS_PREFIX, days=90, spared=SERVED_PREFIX, for_rejected=True
    ),
    Retention("long aggregates", AGGREGATES_PREFIX, days=90, depth=2),
)
