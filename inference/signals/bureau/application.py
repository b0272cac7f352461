"""The bureau's HTTP interface."""

from __future__ import annotations

import msgspec
from aiohttp import web

from inference.signals.bureau.answers import answer
from inference.signals.bureau.faults import Fault, Faults

_decode_question = msgspec.json.Decoder(dict[str, str | None]).decode
_decode_fault = msgspec.json.Decoder(Fault).decode
_encode = msgspec.json.Encoder().encode


class Bureau:
    """``POST /v1/risk`` asks; ``GET`` and ``PUT /faults`` show and switch the fault; ``GET /counts``."""

    def __init__(self, fault: Fault) -> None:
        self._faults = Faults(fault)
        self._asked = 0
        self._answered = 0

    def application(self) -> web.Application:
        """The server's routes."""
        application = web.Application(client_max_size=64 * 1024)
        application.add_routes(
            [
                web.post("/v1/risk", self._risk),
                web.get("/faults", self._show),
                web.put("/faults", self._switch),
                web.get("/counts", self._counts),
            ]
        )
        return application

    async def _risk(self, request: web.Request) -> web.Response:
        self._asked += 1
        try:
            question = _decode_question(await request.read())
        except (msgspec.DecodeError, UnicodeDecodeError) as error:
            return _json({"error": f"send an object of texts: {error}"}, 400)
        struck = await self._faults.strike(request)
        if struck is not None:
            return struck
        self._answered += 1
        return _json(answer(question))

    async def _show(self, _: web.Request) -> web.Response:
        return _json(self._faults.fault)

    async def _switch(self, request: web.Request) -> web.Response:
        try:
            self._faults.switch(_decode_fault(await request.read()))
        except (msgspec.DecodeError, UnicodeDecodeError) as error:
            return _json({"error": str(error)}, 400)
        return _json(self._faults.fault)

    async def _counts(self, _: web.Request) -> web.Response:
        return _json({"asked": self._asked, "answered": self._answered})


def _json(document: object, status: int = 200) -> web.Response:
    return web.Response(status=status, body=_encode(document), content_type="application/json")
