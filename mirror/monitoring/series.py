"""Recent metric values by the second, for alarms: exact statistics over any window of the last hours."""

from __future__ import annotations

import math
import re
import threading
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field

KEPT_S = 3 * 3600
#: Of one metric and second; a percentile of a busier second is one of its first values.
_MOST_VALUES = 10_000

Dimensions = tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class Metric:
    """A metric as CloudWatch tells them apart; dimensions are sorted by name."""

    namespace: str
    name: str
    dimensions: Dimensions

    @classmethod
    def of(cls, namespace: str, name: str, dimensions: Mapping[str, str]) -> Metric:
        """The metric with these dimensions."""
        return cls(namespace, name, tuple(sorted(dimensions.items())))


@dataclass(slots=True)
class Summary:
    """Values of some time. `values` lacks those that came summarised."""

    count: float = 0.0
    total: float = 0.0
    low: float = math.inf
    high: float = -math.inf
    values: list[float] = field(default_factory=list)

    def add(self, other: Summary) -> None:
        """Take in the values of another summary."""
        self.count += other.count
        self.total += other.total
        self.low, self.high = min(self.low, other.low), max(self.high, other.high)
        self.values += other.values[: _MOST_VALUES - len(self.values)]

    @classmethod
    def of(cls, values: Iterable[float]) -> Summary:
        """The summary of single values."""
        found = list(values)
        if not found:
            return cls()
        return cls(len(found), math.fsum(found), min(found), max(found), found[:_MOST_VALUES])

    def statistic(self, name: str) -> float | None:
        """One that `is_statistic`; None without values."""
        if not self.count:
            return None
        if name in _SIMPLE:
            return _SIMPLE[name](self)
        return self._percentile(float(name[1:]))

    def _percentile(self, percent: float) -> float | None:
        if not self.values:
            return None
        ordered = sorted(self.values)
        return ordered[max(0, math.ceil(len(ordered) * percent / 100) - 1)]


_SIMPLE: dict[str, Callable[[Summary], float]] = {
    "Sum": lambda values: values.total,
    "Average": lambda values: values.total / values.count,
    "Minimum": lambda values: values.low,
    "Maximum": lambda values: values.high,
    "SampleCount": lambda values: values.count,
}
_PERCENTILE = re.compile(r"p\d{1,2}(\.\d+)?|p100")


def is_statistic(name: str) -> bool:
    """Whether it is one that the mirror computes: Sum and the like, or a percentile such as p99.9."""
    return name in _SIMPLE or _PERCENTILE.fullmatch(name) is not None


class Series:
    """Every metric of one region. May be shared by threads."""

    def __init__(self) -> None:
        self._seconds: dict[Metric, dict[int, Summary]] = {}
        self._lock = threading.Lock()

    def add(self, metric: Metric, summary: Summary, at_s: float) -> None:
        """Values of a metric, measured at `at_s` seconds since 1970."""
        with self._lock:
            self._seconds.setdefault(metric, {}).setdefault(math.floor(at_s), Summary()).add(summary)

    def between(self, metric: Metric, start_s: float, end_s: float) -> Summary:
        """Everything in the seconds of ``[start_s, end_s)``."""
        found = Summary()
        with self._lock:
            for second, summary in self._seconds.get(metric, {}).items():
                if start_s <= second < end_s:
                    found.add(summary)
        return found

    def forget(self, before_s: float) -> None:
        """Drop what is older."""
        with self._lock:
            for metric, seconds in list(self._seconds.items()):
                for second in [second for second in seconds if second < before_s]:
                    del seconds[second]
                if not seconds:
                    del self._seconds[metric]
