"""Why a decision could not know what the batch knows: one input, and when it arrived."""

from __future__ import annotations

from typing import Any, Literal

import msgspec

from processing.events.moments import iso

Kind = Literal[
    "transaction",
    "label",
    "late-stream",
    "sent-again",
    "expired",
    "ahead",
    "profile",
    "profile-ahead",
    "profile-deleted",
]


class Witness(msgspec.Struct, frozen=True):
    """One input on which served and batch features stand on different ground.

    Attributes:
        kind: `transaction` or `label`: it was not in the record that was read; `late-stream`: the stream
            does not apply it, the batch does; `sent-again`: the stream counts it twice, the batch once;
            `expired`: the record had outlived its time to live; `ahead`: the record was more than the
            lateness ahead of the transaction, where states are no longer exact; `profile...`: another
            version of the profile was in force.
        entity: ``user`` or ``merchant``, whose record it concerns, and `entity_id` which.
        input_id: the transaction, or the profile version's event time.
        arrived_ms: when it arrived at the stream, or was put; None where that does not matter.
        late_ms: that minus the moment of the decision: positive after it.
        as_of_ms: event time of the record that was read; None: there was none.
    """

    kind: Kind
    entity: Literal["user", "merchant"]
    entity_id: str
    input_id: str
    arrived_ms: int | None
    late_ms: int | None
    as_of_ms: int | None

    def as_dict(self) -> dict[str, Any]:
        """As JSON can carry it, with the sentence."""
        return {
            "kind": self.kind,
            "entity": self.entity,
            "entity_id": self.entity_id,
            "input_id": self.input_id,
            "arrived_at": None if self.arrived_ms is None else iso(self.arrived_ms),
            "seconds_after_decision": None if self.late_ms is None else self.late_ms / 1000,
            "record_as_of": None if self.as_of_ms is None else iso(self.as_of_ms),
            "reason": str(self),
        }

    def __str__(self) -> str:
        whose = f"{self.entity} {self.entity_id}"
        match self.kind:
            case "transaction":
                return f"transaction {self.input_id} of {whose} {self._when()}"
            case "label":
                return f"fraud report on {self.input_id} of {whose} {self._when()}"
            case "late-stream":
                return f"transaction {self.input_id} of {whose} is on the late stream: only the batch has it"
            case "sent-again":
                return f"transaction {self.input_id} of {whose} was accepted again: the stream has it twice"
            case "expired":
                return f"the record of {whose} had expired; its last transaction was {self.input_id}"
            case "ahead":
                return f"the record of {whose} was as of {self._as_of()}, long past {self.input_id}"
            case "profile":
                return f"profile version {self.input_id} of {whose} {self._when('was put')}"
            case "profile-ahead":
                return f"the profile of {whose} was as of {self._as_of()}: younger than the transaction"
            case "profile-deleted":
                return f"the profile of {whose} was deleted; the batch still knows version {self.input_id}"

    def _when(self, verb: str = "arrived") -> str:
        if self.late_ms is None:
            return f"{verb} at an unknown time"
        if self.late_ms > 0:
            return f"{verb} {self.late_ms / 1000:.3f} s after the decision"
        before = f"{verb} {-self.late_ms / 1000:.3f} s before the decision"
        return f"{before}, too late for the record that was read (as of {self._as_of()})"

    def _as_of(self) -> str:
        return "never" if self.as_of_ms is None else iso(self.as_of_ms)
