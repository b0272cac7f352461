"""Background services of the areas: started after the port listens, stopped before it closes."""

from __future__ import annotations

import logging
from importlib import import_module

from mirror.cloud import Cloud

logger = logging.getLogger(__name__)

# In order of start; stopped in reverse. moto's state comes back first, consumers start last.
SERVICES = (
    "mirror.snapshots.service",
    "mirror.cloudformation.service",
    "mirror.functions.service",
    "mirror.kinesis.service",
    "mirror.feature_store.service",
    "mirror.endpoints.service",
    "mirror.monitoring.service",
    "mirror.pipelines.service",
    "mirror.scheduler.service",
    "mirror.analytics.service",
    "mirror.consumers",
)


class Lifecycle:
    """Starts and stops the services, and knows the status of each."""

    def __init__(self, cloud: Cloud) -> None:
        self._cloud = cloud
        self._started: list[str] = []
        self.areas: dict[str, str] = {}

    def start(self) -> None:
        """Start every service, in order.

        Raises:
            Exception: whatever a service raised; those before it keep running until `stop`.
        """
        for module in SERVICES:
            self.areas[module] = "starting"
            self._started.append(module)
            try:
                import_module(module).start(self._cloud)
            except Exception as error:
                self.areas[module] = f"failed: {error}"
                raise
            self.areas[module] = "running"

    def stop(self) -> None:
        """Stop what was started, in reverse order, then every child process. Never raises."""
        for module in reversed(self._started):
            self.areas[module] = "stopping"
            try:
                import_module(module).stop(self._cloud)
            except Exception:
                logger.exception("%s did not stop cleanly", module)
            self.areas[module] = "stopped"
        self._started.clear()
        self._cloud.processes.stop_all()
