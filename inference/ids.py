"""Names of decisions: unique among all servers without asking anyone, in order of time per server."""

from __future__ import annotations

import os
import time


class DecisionIds:
    """Hands out ids like ``d-019abf3c1e2-5f0c9a1e-2f``: milliseconds, this process, a count.

    A process that forks must make its own afterwards.
    """

    def __init__(self) -> None:
        self._process = os.urandom(4).hex()
        self._count = 0

    def take(self, count: int) -> list[str]:
        """The next ids."""
        prefix = f"d-{time.time_ns() // 1_000_000:011x}-{self._process}-"
        first = self._count
        self._count = first + count
        return [f"{prefix}{number:x}" for number in range(first, self._count)]
