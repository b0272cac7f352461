"""What the proxy sends requests to: shared between the event loop and the supervising threads."""

from __future__ import annotations

import asyncio
import itertools
import random
import threading
import time
from dataclasses import dataclass, field

from mirror.endpoints.connection import Connection


@dataclass(eq=False, slots=True)
class Target:
    """One server process. `port` belongs to the supervisor, the rest to the event loop.

    Attributes:
        port: None while there is no process that passed its health check.
        used_at: monotonic time of the last request.
        wanted: set for a process that sleeps until somebody asks for it.
        started: how many processes there were.
        loaded: models of a multi-model container and how many requests each has, the latest used last; of
            the process that was number `loaded_by`.
    """

    log_stream: str
    port: int | None = None
    started: int = 0
    wanted: threading.Event = field(default_factory=threading.Event)
    in_flight: int = 0
    used_at: float = field(default_factory=time.monotonic)
    idle: list[Connection] = field(default_factory=list)
    loaded: dict[str, int] = field(default_factory=dict)
    loaded_by: int = 0
    loading: asyncio.Lock = field(default_factory=asyncio.Lock)


@dataclass(eq=False, slots=True)
class Variant:
    """A variant: its share of the traffic, and its processes.

    Attributes:
        most_at_once: a serverless variant's MaxConcurrency.
        models: where a multi-model container's archives are, an S3 prefix.
    """

    name: str
    weight: float
    targets: list[Target]
    most_at_once: int | None = None
    models: str | None = None
    _turn: itertools.count[int] = field(default_factory=itertools.count)

    @property
    def in_flight(self) -> int:
        return sum(target.in_flight for target in self.targets)

    def pick(self) -> Target | None:
        """The next healthy target in turn; None when there is none."""
        targets = self.targets
        for _ in targets:
            target = targets[next(self._turn) % len(targets)]
            if target.port is not None:
                return target
        return None

    def wake(self) -> None:
        """Somebody waits for a process: let those that sleep start."""
        for target in self.targets:
            target.wanted.set()


@dataclass(frozen=True, slots=True)
class Route:
    """Where the requests of one endpoint go; replaced as a whole when the endpoint changes."""

    variants: tuple[Variant, ...]
    shadow: Variant | None = None
    """Gets a copy of a share of the requests; its weight is that share of the production variant's."""
    new: Route | None = None
    """The fleet that an update moves to."""
    new_share: float = 0.0

    def shared_with(self, new: Route, share: float) -> Route:
        """This fleet's route while another one gets a share of the traffic."""
        return Route(self.variants, self.shadow, new, share)

    def drawn(self) -> Route:
        """The fleet that a request goes to."""
        if self.new is not None and random.random() < self.new_share:  # noqa: S311 - traffic, not secrets
            return self.new
        return self

    def shadow_drawn(self) -> Variant | None:
        """The shadow, when a request that goes to this fleet is one of those it gets too."""
        if self.shadow is None:
            return None
        share = self.shadow.weight / (self.variants[0].weight or 1.0)
        return self.shadow if random.random() < share else None  # noqa: S311 - traffic, not secrets

    def variant(self, name: str | None) -> Variant | None:
        """This fleet's variant called `name`, or one drawn by weight; None for an unknown name."""
        if name is not None:
            return next((variant for variant in self.variants if variant.name == name), None)
        if len(self.variants) == 1:
            return self.variants[0]
        weights = [variant.weight for variant in self.variants]
        if not any(weights):
            return self.variants[0]
        return random.choices(self.variants, weights)[0]  # noqa: S311 - traffic, not secrets
