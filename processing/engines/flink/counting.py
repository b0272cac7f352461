"""What the operators count, and CloudWatch: the metrics of the consumer, by the same names."""

from __future__ import annotations

from typing import Any

from pyflink.datastream import KeyedProcessFunction

from processing.engines.flink import states
from processing.engines.flink.bundles import counts_of, pack
from processing.engines.flink.outlets import LAG, client
from processing.engines.flink.settings import FlinkSettings
from processing.stream.counters import GAUGES, fresh
from processing.stream.metrics import data_points, put


def only_key(_counts: bytes) -> int:
    """All counts meet in one subtask."""
    return 0


class Metrics(KeyedProcessFunction):  # type: ignore[misc]  # PyFlink is untyped
    """Adds up what was counted since the metrics were last put, in its state, and puts them.

    Counts that are not in the last checkpoint are counted again when the job goes on from it: those of them
    that were put already are put twice.
    """

    def __init__(self, settings: FlinkSettings) -> None:
        self._settings = settings

    def open(self, context: Any) -> None:
        self._counts = states.value(context, "counts")
        self._cloudwatch = client(self._settings, "cloudwatch")

    def process_element(self, counts: bytes, context: Any) -> None:
        kept = self._counts.value()
        total = counts_of(kept) if kept else fresh({}) | {LAG: 0}
        for name, count in counts_of(counts).items():
            total[name] = max(total[name], count) if name == LAG else total[name] + count
        self._counts.update(pack(total))
        if not kept:
            self._again(context)

    def on_timer(self, _timestamp: int, context: Any) -> tuple[()]:
        total = counts_of(self._counts.value())
        if put(self._cloudwatch, data_points(self._settings.environment, total, {})):
            kept = {name: count for name, count in total.items() if name in GAUGES}
            self._counts.update(pack(fresh(kept) | {LAG: 0}))
        self._again(context)
        return ()  # process mode iterates over it

    def _again(self, context: Any) -> None:
        timers = context.timer_service()
        timers.register_processing_time_timer(timers.current_processing_time() + self._settings.metrics_ms)
