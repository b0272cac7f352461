"""The running processes of one endpoint under one plan."""

from __future__ import annotations

import time
import uuid
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from mirror.cloud import Cloud
from mirror.documents import utcnow
from mirror.endpoints import artifacts
from mirror.endpoints.container import Container, ContainerFailedError, ContainerSpec
from mirror.endpoints.models import MULTI_MODEL
from mirror.endpoints.plan import Plan, processes
from mirror.endpoints.targets import Route, Target, Variant

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
                # The models of a multi-model container come one by one, when they are asked for.
                url = None if variant.get("Mode") == MULTI_MODEL else variant["ModelDataUrl"]
                variant["ModelDir"] = str(artifacts.fetch(self._cloud, url))
        try:
            for variant in self.plan:
                self._grow(variant, processes(variant))
        except ContainerFailedError:
            self.stop()
            raise

    def route(self) -> Route:
        """Where the proxy sends requests while this fleet serves."""
        return route_of(
            self.plan,
            {name: [container.target for container in running] for name, running in self._containers.items()},
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
            multi_model=variant.get("Mode") == MULTI_MODEL,
            sleeps=_sleeps(variant),
        )
        return Container(self._cloud, spec)


def route_of(plan: Plan, targets: Mapping[str, list[Target]]) -> Route:
    """The route of a plan, by variant name over its processes; a variant without any waits for them."""
    variants = [
        Variant(
            variant["VariantName"],
            float(variant["Weight"]),
            targets.get(variant["VariantName"], []),
            variant.get("ServerlessConfig", {}).get("MaxConcurrency"),
            variant["ModelDataUrl"] if variant.get("Mode") == MULTI_MODEL else None,
        )
        for variant in plan
    ]
    shadow = next((v for v, its in zip(variants, plan, strict=True) if its.get("Shadow")), None)
    return Route(tuple(v for v in variants if v is not shadow), shadow)


def _sleeps(variant: dict[str, Any]) -> bool:
    """Whether nothing of a variant runs while nobody asks: serverless without provisioned concurrency."""
    return "ServerlessConfig" in variant and "ProvisionedConcurrency" not in variant["ServerlessConfig"]


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
