"""The running processes of one endpoint under one plan."""

from __future__ import annotations

import time
import uuid
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from mirror.cloud import Cloud
from mirror.documents import utcnow
from mirror.endpoints import artifacts
from mirror.endpoints.container import Container, ContainerFailedError, ContainerSpec
from mirror.endpoints.plan import Plan, processes
from mirror.endpoints.targets import Route, Variant

_DRAIN_S = 65.0  # the longest an invocation may take, and a little
# A request picks its process and counts itself in one step of the event loop; this covers the step.
_SETTLE_S = 0.05


class Fleet:
    """Processes of every variant. `start` makes all of them healthy or none."""

    def __init__(self, cloud: Cloud, region: str, endpoint: str, plan: Plan) -> None:
        self._cloud = cloud
        self._region = region
        self._endpoint = endpoint
        self.plan = plan
        self._containers: dict[str, list[Container]] = {}

    def start(self) -> None:
        """Fetch the model data and start every process.

        Raises:
            ArtifactError: model data is missing or broken.
            ContainerFailedError: a process did not become healthy. Nothing runs afterwards.
        """
        for variant in self.plan:
            variant.setdefault("DeployedAt", utcnow())
            # A restarted mirror finds what was extracted before, as an instance keeps its disk.
            if not Path(variant.get("ModelDir", "/nonexistent")).is_dir():
                variant["ModelDir"] = str(artifacts.fetch(self._cloud, variant["ModelDataUrl"]))
        try:
            for variant in self.plan:
                self._grow(variant, processes(variant))
        except ContainerFailedError:
            self.stop()
            raise

    def route(self) -> Route:
        """Where the proxy sends requests while this fleet serves."""
        return Route(
            tuple(
                Variant(
                    variant["VariantName"],
                    float(variant["Weight"]),
                    [container.target for container in self._containers[variant["VariantName"]]],
                )
                for variant in self.plan
            )
        )

    def resize(self, plan: Plan) -> list[Container]:
        """Take over weights and counts from `plan`; returns the containers that are left over.

        They are no longer in `route`; `retire` them once the new route is in use.

        Raises:
            ContainerFailedError: a new process did not become healthy; the fleet is as before.
        """
        surplus = []
        for variant in plan:
            running = self._containers[variant["VariantName"]]
            wanted = processes(variant)
            if wanted > len(running):
                self._grow(variant, wanted - len(running))
            surplus += running[wanted:]
            del running[wanted:]
        self.plan = plan
        return surplus

    def drain_and_stop(self) -> None:
        """Stop every process after its last request; only once no route leads here."""
        retire([container for running in self._containers.values() for container in running])
        self._containers.clear()

    def stop(self) -> None:
        """Stop every process now."""
        for running in self._containers.values():
            stop_all(running)
        self._containers.clear()

    def _grow(self, variant: dict[str, Any], count: int) -> None:
        """Start `count` more processes of a variant, at the same time."""
        started = [self._container(variant) for _ in range(count)]
        for container in started:
            container.start()
        try:
            for container in started:
                container.wait_healthy()
        except ContainerFailedError:
            stop_all(started)
            raise
        self._containers.setdefault(variant["VariantName"], []).extend(started)

    def _container(self, variant: dict[str, Any]) -> Container:
        spec = ContainerSpec(
            region=self._region,
            endpoint=self._endpoint,
            variant=variant["VariantName"],
            number=uuid.uuid4().hex[:17],
            image=variant["Image"],
            environment=variant["Environment"],
            model_dir=Path(variant["ModelDir"]),
            startup_timeout=float(variant["StartupTimeout"]),
        )
        return Container(self._cloud, spec)


def retire(containers: list[Container]) -> None:
    """Wait until no request is under way, then stop."""
    time.sleep(_SETTLE_S)
    deadline = time.monotonic() + _DRAIN_S
    while any(c.target.in_flight for c in containers) and time.monotonic() < deadline:
        time.sleep(0.02)
    stop_all(containers)


def stop_all(containers: list[Container]) -> None:
    """Stop all at the same time."""
    if containers:
        with ThreadPoolExecutor(len(containers)) as pool:
            list(pool.map(Container.stop, containers))
