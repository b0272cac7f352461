"""What the proxy sends requests to: shared between the event loop and the supervising threads."""

from __future__ import annotations

import itertools
import random
from dataclasses import dataclass, field

from mirror.endpoints.connection import Connection


@dataclass(eq=False, slots=True)
class Target:
    """One server process. `idle` and `in_flight` belong to the event loop, `port` to the supervisor.

    `port` is None while there is no process that passed its health check.
    """

    log_stream: str
    port: int | None = None
    in_flight: int = 0
    idle: list[Connection] = field(default_factory=list)


@dataclass(eq=False, slots=True)
class Variant:
    """A production variant: its share of the traffic, and its processes."""

    name: str
    weight: float
    targets: list[Target]
    _turn: itertools.count[int] = field(default_factory=itertools.count)

    def pick(self) -> Target | None:
        """The next healthy target in turn; None when there is none."""
        targets = self.targets
        for _ in targets:
            target = targets[next(self._turn) % len(targets)]
            if target.port is not None:
                return target
        return None


@dataclass(frozen=True, slots=True)
class Route:
    """Where the requests of one endpoint go; replaced as a whole when the endpoint changes."""

    variants: tuple[Variant, ...]
    new: Route | None = None
    """The fleet that an update moves to."""
    new_share: float = 0.0

    def shared_with(self, new: Route, share: float) -> Route:
        """This fleet's route while another one gets a share of the traffic."""
        return Route(self.variants, new, share)

    def variant(self, name: str | None) -> Variant | None:
        """The variant called `name`, or one drawn by weight; None for an unknown name."""
        if self.new is not None and random.random() < self.new_share:  # noqa: S311 - traffic, not secrets
            return self.new.variant(name)
        if name is not None:
            return next((variant for variant in self.variants if variant.name == name), None)
        if len(self.variants) == 1:
            return self.variants[0]
        weights = [variant.weight for variant in self.variants]
        if not any(weights):
            return self.variants[0]
        return random.choices(self.variants, weights)[0]  # noqa: S311 - traffic, not secrets
