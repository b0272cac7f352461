"""What a decision costs, by what the transaction turned out to be."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import NamedTuple

DECISIONS = ("approve", "review", "decline")
TRUTHS = ("fraud", "legitimate")

_NUMBER = r"\d+(?:\.\d+)?"
_CELL = re.compile(rf"(\w+)/(\w+)=({_NUMBER})?(?:\+?({_NUMBER})x)?")


class CostError(ValueError):
    """A cost does not fit; the message says what does."""


class Cost(NamedTuple):
    """Attributes: `fixed` in major units of the transaction's currency, `part` of its amount."""

    fixed: float
    part: float

    def __str__(self) -> str:
        parts = [f"{self.fixed:g}"] if self.fixed or not self.part else []
        return "+".join([*parts, f"{self.part:g}x"] if self.part else parts)


Costs = Mapping[tuple[str, str], Cost]

# An approved fraud loses its amount. A review takes an analyst some minutes, and stops the fraud it finds.
# A customer declined for nothing takes part of the sale's margin along, and asks why.
DEFAULTS: Costs = {
    ("approve", "fraud"): Cost(0.0, 1.0),
    ("approve", "legitimate"): Cost(0.0, 0.0),
    ("review", "fraud"): Cost(3.0, 0.0),
    ("review", "legitimate"): Cost(3.0, 0.0),
    ("decline", "fraud"): Cost(0.0, 0.0),
    ("decline", "legitimate"): Cost(5.0, 0.03),
}


def costs(changes: Iterable[str]) -> Costs:
    """`DEFAULTS`, and cells in their place, e.g. ``decline/legitimate=10+0.02x`` or ``review/fraud=4``.

    Raises:
        CostError: a cell is written wrong, or there is none of that name.
    """
    found = dict(DEFAULTS)
    for text in changes:
        match = _CELL.fullmatch(text)
        if match is None or (match[3] is None and match[4] is None):
            raise CostError(
                f"{text!r}: write DECISION/TRUTH=FIXED+PARTx, for example decline/legitimate=5+0.03x"
            )
        cell = (match[1], match[2])
        if cell not in found:
            names = ", ".join("/".join(known) for known in found)
            raise CostError(f"{text!r}: there is no {match[1]}/{match[2]}; use one of {names}")
        found[cell] = Cost(float(match[3] or 0), float(match[4] or 0))
    return found
