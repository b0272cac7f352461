"""What a model feature is: a declaration, with no way of computing itself."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from feature_groups.windows import Window

Entity = Literal["user", "merchant", "transaction"]
Aggregation = Literal["count", "sum", "avg", "max", "distinct", "changes", "rate", "age", "value"]
DataType = Literal["Integral", "Fractional", "String"]
Sensitivity = Literal["internal", "personal"]
Delay = Literal["none", "until label is known"]
Reading = Literal["count", "money", "percent", "days", "duration", "km", "hour", "weekday", "ratio", "flag"]


@dataclass(frozen=True, slots=True)
class Feature:
    """One input of the model.

    Attributes:
        name: unique; its position in `MODEL_FEATURES` is its position in the model.
        entity: whose history it summarises; ``transaction`` for what the request itself tells.
        aggregation: how `source` is reduced over `window`.
        source: the column of the event it reads.
        window: the sliding window, or None where the feature has none.
        filter: which events count, as a condition on their columns, or None for all of them.
        delay: when an event becomes visible; labels count from the time they became known.
        default: the value when there is no history; None means missing (NaN in the vector).
        dtype: how the Feature Store holds it.
        sensitivity: whether the value tells something about a person.
        reading: how a value is written for people.
        reason: the sentence of a reason, with ``{value}`` where the written value goes.
        missing: the sentence when the value is missing.
        zero: the sentence when the value is 0, where `reason` would read badly.
    """

    name: str
    entity: Entity
    aggregation: Aggregation
    source: str
    description: str
    reading: Reading
    reason: str
    missing: str
    zero: str | None = None
    window: Window | None = None
    filter: str | None = None
    delay: Delay = "none"
    default: float | None = 0.0
    dtype: DataType = "Integral"
    sensitivity: Sensitivity = "internal"
