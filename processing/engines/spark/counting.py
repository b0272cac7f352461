"""Counting across a cluster so that a task that runs twice counts once."""

from __future__ import annotations

from pyspark import Accumulator, SparkContext, TaskContext


class _PerPartition:
    """What Spark asks to add up counts: each partition's last word."""

    def zero(self, _value: dict[int, int]) -> dict[int, int]:
        return {}

    def addInPlace(self, value1: dict[int, int], value2: dict[int, int]) -> dict[int, int]:  # noqa: N802
        value1.update(value2)
        return value1


class Counter:
    """Adds up one number per partition of a step; what a repeated task says replaces what it said.

    Args:
        context: of the driver; a step carries the counter to the workers.
    """

    def __init__(self, context: SparkContext) -> None:
        self._counts: Accumulator[dict[int, int]] = context.accumulator({}, _PerPartition())

    def __call__(self, count: int) -> None:
        """Called in a task, once: what its partition holds."""
        task = TaskContext.get()
        self._counts.add({task.partitionId() if task else 0: count})

    @property
    def total(self) -> int:
        """The sum over the partitions that are done. Only on the driver."""
        return sum(self._counts.value.values())
