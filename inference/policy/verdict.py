"""What the policy says of one transaction."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

import msgspec

from inference.reasons import Reason

Decision = Literal["approve", "review", "decline"]
DecidedBy = Literal["model", "rules"]

SEVERITY: dict[Decision, int] = {"approve": 0, "review": 1, "decline": 2}


class Verdict(msgspec.Struct, frozen=True):
    """A decision and where it comes from.

    Attributes:
        decided_by: ``rules`` when there was no score, or when a rule changed what the model decided.
        reasons: of the live rules that matched, those that decided first; at most `MAX_REASONS`.
        rules_live: ids of the live rules that matched, in the file's order.
        rules_shadow: ids of the shadow rules that matched; they changed nothing.
    """

    decision: Decision
    decided_by: DecidedBy
    reasons: Sequence[Reason] = ()
    rules_live: Sequence[str] = ()
    rules_shadow: Sequence[str] = ()
