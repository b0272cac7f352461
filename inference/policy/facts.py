"""What a rule can test: fields of the request, features of the model, signals of third parties."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from difflib import get_close_matches
from typing import Literal

import msgspec

from feature_groups import FEATURE_NAMES
from processing.events import Transaction

Kind = Literal["number", "text"]
SignalValue = float | str | None

#: Facts of every request, with or without the feature store. `amount` and the two of time are
#: features too, with the same meaning; here they are known even when no feature is.
REQUEST_FACTS: dict[str, Kind] = {
    "amount": "number",
    "currency": "text",
    "country": "text",
    "device": "text",
    "channel": "text",
    "user_id": "text",
    "merchant_id": "text",
    "hour_of_day": "number",
    "day_of_week": "number",
}
#: Request facts that a transaction may leave out.
OPTIONAL_FACTS = frozenset({"country", "device", "channel"})
SCORE = "score"
SIGNAL = "signal."


class Facts(msgspec.Struct, frozen=True, gc=False):
    """One transaction, as far as it is known; building it costs nothing.

    Attributes:
        vector: features in model order, NaN for missing; None when they were not computed.
        signals: what third parties said, by ``adapter.output``.
    """

    transaction: Transaction
    vector: Sequence[float] | None = None
    signals: Mapping[str, SignalValue] | None = None


def kind_of(fact: str, signals: Mapping[str, Kind] | None) -> Kind | None:
    """Whether a fact is a number or text; None for a signal whose adapters are not configured.

    Raises:
        KeyError: there is no such fact; the message says what was probably meant.
    """
    if fact in REQUEST_FACTS:
        return REQUEST_FACTS[fact]
    if fact == SCORE or fact in FEATURE_NAMES:
        return "number"
    if fact.startswith(SIGNAL):
        if signals is None:
            return None
        name = fact.removeprefix(SIGNAL)
        if name in signals:
            return signals[name]
    raise KeyError(_unknown(fact, signals or {}))


def _unknown(fact: str, signals: Mapping[str, Kind]) -> str:
    known = [*REQUEST_FACTS, SCORE, *FEATURE_NAMES, *(SIGNAL + name for name in signals)]
    close = get_close_matches(fact, known, n=3)
    if close:
        return f"unknown fact; did you mean {' or '.join(close)}?"
    configured = f"; signals are {', '.join(signals)}" if signals else ""
    return f"unknown fact; request facts are {', '.join(REQUEST_FACTS)}{configured}; the rest are features"
