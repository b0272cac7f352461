"""What a measure is, and what it looks at."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Literal, NamedTuple

from processing.stream.monitor.sketch import Sketch

Unit = Literal["Percent", "Milliseconds", "None"]


class Seen(NamedTuple):
    """The last minutes, and what is usual at their hour.

    Attributes:
        recent: the sketch of the last complete minutes, by arrival.
        expected: how many transactions they usually have; None while too few days are known.
        usual: the sketch of the same hour of the days before; None while too few days are known.
        freshness_ms: how old transactions were when they were processed, since the last look; None
            without any, and while history is played in.
    """

    recent: Sketch
    expected: float | None
    usual: Sketch | None
    freshness_ms: float | None


class Reading(NamedTuple):
    """A measure's value, and by feature or field what it is the largest of."""

    value: float
    by_name: Mapping[str, float] = {}


@dataclass(frozen=True, slots=True)
class Measure:
    """One question about the stream, answered once a minute.

    Attributes:
        name: of the metric and of the alarm, lower-case words with underscores.
        description: what is wrong when it is out of bounds, for whoever is woken.
        unit: CloudWatch's.
        look: the answer; None when there is nothing to tell by.
        above, below: bounds beyond which it is an alert.
    """

    name: str
    description: str
    unit: Unit
    look: Callable[[Seen], Reading | None]
    above: float
    below: float | None = None

    def is_alert(self, value: float) -> bool:
        return value > self.above or (self.below is not None and value < self.below)
