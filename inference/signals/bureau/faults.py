"""How the bureau can break."""

from __future__ import annotations

import asyncio
import itertools
from typing import Literal

import msgspec
from aiohttp import web

Mode = Literal["none", "hang", "slow", "refuse", "reset", "garbage"]
_HANG_S = 3600.0
_HUGE = b'{"risk": 0.1, "padding": "' + b"x" * (1 << 20) + b'"}'

#: One of each kind of nonsense: status and body.
GARBAGE: tuple[tuple[int, bytes], ...] = (
    (200, b"<html>Service temporarily unavailable</html>"),
    (200, b""),
    (200, b'{"risk": 0.1'),
    (200, b"[0.1]"),
    (200, b"null"),
    (200, b"{}"),
    (200, b'{"risk": "high", "device_reputation": "good"}'),
    (200, b'{"risk": true, "device_reputation": "good"}'),
    (200, b'{"risk": 1.5, "device_reputation": "good"}'),
    (200, b'{"risk": -1, "device_reputation": "good"}'),
    (200, b'{"risk": 1e999, "device_reputation": "good"}'),
    (200, b'{"risk": NaN, "device_reputation": "good"}'),
    (200, b'{"risk": 0.1, "device_reputation": "splendid"}'),
    (200, b'{"risk": 0.1, "device_reputation": 3}'),
    (200, b'{"risk": 0.1, "device_reputation": "\xff"}'),
    (200, b"[" * 100_000),
    (200, _HUGE),
    (204, b""),
    (302, b""),
    (404, b'{"risk": 0.1, "device_reputation": "good"}'),
)


class Fault(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What happens to some of the questions.

    Attributes:
        mode: ``hang`` never answers, ``slow`` after `delay_ms`, ``refuse`` with status 503, ``reset``
            closes the connection, ``garbage`` answers nonsense, one kind after the other.
        share: of the questions that it happens to, evenly spread.
    """

    mode: Mode = "none"
    share: float = msgspec.field(default=1.0)
    delay_ms: float = 200.0

    def __post_init__(self) -> None:
        if not 0.0 <= self.share <= 1.0:
            raise ValueError("share: expected 0 to 1")
        if not 0.0 <= self.delay_ms <= 60_000:
            raise ValueError("delay_ms: expected 0 to 60000")


class Faults:
    """The fault that is switched on, and whose turn it is."""

    def __init__(self, fault: Fault) -> None:
        self._garbage = itertools.cycle(GARBAGE)
        self.switch(fault)

    def switch(self, fault: Fault) -> None:
        """From now on, this fault."""
        self.fault = fault
        self._owed = 0.0

    async def strike(self, request: web.Request) -> web.Response | None:
        """What a question gets instead of an answer; None when it is spared."""
        self._owed += self.fault.share
        if self.fault.mode == "none" or self._owed < 1.0:
            return None
        self._owed -= 1.0
        match self.fault.mode:
            case "hang":
                await asyncio.sleep(_HANG_S)
            case "slow":
                await asyncio.sleep(self.fault.delay_ms / 1000)
            case "refuse":
                return web.Response(status=503)
            case "reset":
                if request.transport is not None:
                    request.transport.abort()
            case "garbage":
                status, body = next(self._garbage)
                return web.Response(status=status, body=body, content_type="application/json")
        return None
