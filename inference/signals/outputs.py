"""What a third party may say, and the check that keeps nonsense out of decisions."""

from __future__ import annotations

import math
from collections.abc import Mapping

import msgspec

from inference.policy import Kind, SignalValue


class SignalError(Exception):
    """A third party gave no usable answer; the message says what it did instead."""


class NonsenseError(SignalError):
    """It answered, but not with what it is declared to say."""


class Output(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One declared output: a number within limits, or one of some texts."""

    at_least: float | None = None
    at_most: float | None = None
    one_of: tuple[str, ...] | None = None

    @property
    def kind(self) -> Kind:
        return "number" if self.one_of is None else "text"

    def problem(self) -> str | None:
        """What is wrong with the declaration."""
        limits = self.at_least, self.at_most
        if self.one_of is not None:
            return "one_of: text has no at_least and at_most" if limits != (None, None) else None
        if self.at_least is None or self.at_most is None:
            return "give at_least and at_most, or one_of: an answer outside of them is nonsense"
        return None if self.at_least < self.at_most else "at_least has to be below at_most"

    def check(self, value: object) -> SignalValue:
        """The value, as facts have it; None stays None: the third party does not know.

        Raises:
            NonsenseError: wrong type, or outside of what is declared.
        """
        if value is None:
            return None
        if self.one_of is not None:
            if not isinstance(value, str):
                raise NonsenseError(f"is {type(value).__name__}, not text")
            if value not in self.one_of:
                raise NonsenseError(f"is {value[:32]!r}, none of {', '.join(self.one_of)}")
            return value
        if isinstance(value, bool) or not isinstance(value, int | float):
            raise NonsenseError(f"is {type(value).__name__}, not a number")
        low, high = self.at_least or 0.0, self.at_most or 0.0
        if not (low <= value <= high and math.isfinite(value)):  # as an integer it may be too big for float
            raise NonsenseError(f"is outside of {low:g} to {high:g}")
        return float(value)


def check_answer(outputs: Mapping[str, Output], answer: object) -> dict[str, SignalValue]:
    """Exactly the declared outputs of an answer.

    Raises:
        NonsenseError: the answer is no object, lacks an output, or one of them fails its check.
    """
    if not isinstance(answer, Mapping):
        raise NonsenseError(f"answered with {type(answer).__name__}, not an object")
    values = {}
    for name, output in outputs.items():
        if name not in answer:
            raise NonsenseError(f"answered without {name}")
        try:
            values[name] = output.check(answer[name])
        except NonsenseError as error:
            raise NonsenseError(f"{name} {error}") from None
    return values
