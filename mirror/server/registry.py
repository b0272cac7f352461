"""Imports every module that registers operations, so that `mirror.api.OPERATIONS` is complete."""

from __future__ import annotations

from importlib import import_module

MODULES = (
    "mirror.tags",
    "mirror.feature_store.operations",
    "mirror.kinesis.operations",
    "mirror.pipelines.operations",
    "mirror.jobs.operations",
    "mirror.registry.operations",
    "mirror.endpoints.operations",
    "mirror.events.operations",
    "mirror.functions.operations",
    "mirror.glue.operations",
    "mirror.scheduler.operations",
    "mirror.analytics.history",
    "mirror.analytics.operations",
    "mirror.cloudformation.operations",
    "mirror.cloudformation.change_sets",
    "mirror.cloudformation.describe",
    "mirror.cloudformation.recovery",
)


def load() -> None:
    """Register every operation of the mirror. Idempotent."""
    for module in MODULES:
        import_module(module)
