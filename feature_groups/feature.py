"""What a model feature is: a declaration, with no way of computing itself."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from feature_groups.primitives import OPTIONAL_COLUMNS, Aggregation, Entity, Primitive
from feature_groups.windows import Window

DataType = Literal["Integral", "Fractional", "String"]
Sensitivity = Literal["internal", "personal"]
Delay = Literal["none", "until label is known"]
Reading = Literal["count", "money", "percent", "days", "duration", "km", "hour", "weekday", "ratio", "flag"]

_UNITS: dict[Reading, str] = {
    "count": "number",
    "money": "major units",
    "percent": "ratio",
    "days": "days",
    "duration": "seconds",
    "km": "kilometres",
    "hour": "hour 0-23, UTC",
    "weekday": "0 (Monday) to 6, UTC",
    "ratio": "ratio",
    "flag": "0 or 1",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Declaration:
    """What a feature and the same feature over several windows have in common.

    Attributes:
        name: unique; its position in `MODEL_FEATURES` is its position in the model.
        entity: whose history it summarises; ``transaction`` for what the request itself tells.
        aggregation: how `source` is reduced over the window.
        source: the column of the event it reads.
        reading: how a value is written for people; it implies the unit.
        reason: the sentence of a reason, with ``{value}`` where the written value goes.
        missing: the sentence when the value is missing.
        zero: the sentence when the value is 0, where `reason` would read badly.
        filter: which events count, as a condition on their columns, or None for all of them.
        delay: when an event becomes visible; labels count from the time they became known.
        default: the value when there is no history; None means missing (NaN in the vector).
        dtype: how the Feature Store holds it.
        sensitivity: whether the value tells something about a person.
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
    filter: str | None = None
    delay: Delay = "none"
    default: float | None = 0.0
    dtype: DataType = "Integral"
    sensitivity: Sensitivity = "internal"


@dataclass(frozen=True, slots=True, kw_only=True)
class Feature(Declaration):
    """One input of the model.

    Attributes:
        window: the sliding window, or None where the feature has none.
    """

    window: Window | None = None

    @property
    def unit(self) -> str:
        return _UNITS[self.reading]

    @property
    def primitive(self) -> Primitive:
        """What the kernel has to compute for it."""
        return Primitive(self.entity, self.aggregation, self.source, self.filter, self.window is not None)

    @property
    def needs_column(self) -> bool:
        """Whether the value is missing where the events lack the source column."""
        return self.source in OPTIONAL_COLUMNS


@dataclass(frozen=True, slots=True, kw_only=True)
class Aggregate(Declaration):
    """A feature per window: `over` adds the window to the name and to the texts' ``{when}``."""

    def over(self, *windows: Window) -> tuple[Feature, ...]:
        """This aggregate over each of `windows`, e.g. ``user_amount_sum`` as ``user_amount_sum_24h``."""
        return tuple(self._over(window) for window in windows)

    def _over(self, window: Window) -> Feature:
        def told(text: str) -> str:
            return text.replace("{when}", window.phrase)

        return Feature(
            name=f"{self.name}_{window.name}",
            entity=self.entity,
            aggregation=self.aggregation,
            source=self.source,
            description=told(self.description),
            reading=self.reading,
            reason=told(self.reason),
            missing=told(self.missing),
            zero=told(self.zero) if self.zero else None,
            filter=self.filter,
            delay=self.delay,
            default=self.default,
            dtype=self.dtype,
            sensitivity=self.sensitivity,
            window=window,
        )
