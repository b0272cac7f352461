"""A third party that answers JSON over HTTP."""

from __future__ import annotations

from collections.abc import Mapping

import aiohttp
import msgspec

from inference.signals.document import AdapterSettings
from inference.signals.outputs import NonsenseError, Output, SignalError
from processing.events import Transaction

_KEEP_ALIVE_S = 60.0
_decode = msgspec.json.Decoder().decode
_encode = msgspec.json.Encoder().encode


class HttpAdapter:
    """Posts the declared fields as a JSON object and takes a JSON object back.

    Args:
        token: sent as bearer token; None sends none.
    """

    def __init__(self, settings: AdapterSettings, token: str | None) -> None:
        self.name = settings.name
        self.fields: tuple[str, ...] = settings.fields
        self.outputs: Mapping[str, Output] = settings.outputs
        self._settings = settings
        self._headers = {"content-type": "application/json", "accept-encoding": "identity"}
        if token is not None:
            self._headers["authorization"] = f"Bearer {token}"
        self._session: aiohttp.ClientSession | None = None

    async def ask(self, transaction: Transaction) -> Mapping[str, object]:
        """One call; a status other than 200 or a body that is no JSON object is no answer.

        Raises:
            SignalError: it refused or broke off; or `NonsenseError`.
        """
        question = _encode({field: getattr(transaction, field) for field in self.fields})
        try:
            async with self._connections().post(
                self._settings.url, data=question, headers=self._headers, allow_redirects=False
            ) as response:
                if response.status != 200:
                    raise SignalError(f"answered with status {response.status}")
                body = await self._body(response)
        except (aiohttp.ClientError, OSError) as error:
            raise SignalError(f"cannot be reached: {type(error).__name__}") from error
        try:
            answer = _decode(body)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
            raise NonsenseError("answered with something that is not JSON") from error
        if not isinstance(answer, dict):
            raise NonsenseError(f"answered with {type(answer).__name__}, not an object")
        return answer

    async def close(self) -> None:
        """Close all connections."""
        if self._session is not None:
            await self._session.close()
            self._session = None

    async def _body(self, response: aiohttp.ClientResponse) -> bytes:
        """The body, read no further than it may be long."""
        limit = self._settings.max_body_bytes
        body = bytearray()
        while chunk := await response.content.read(limit + 1 - len(body)):
            body += chunk
            if len(body) > limit:
                response.close()
                raise NonsenseError(f"answered with more than {limit} bytes")
        return bytes(body)

    def _connections(self) -> aiohttp.ClientSession:
        # A session belongs to the event loop that it is made in, so the first call makes it.
        if self._session is None:
            self._session = aiohttp.ClientSession(
                connector=aiohttp.TCPConnector(
                    limit=self._settings.concurrency, keepalive_timeout=_KEEP_ALIVE_S
                ),
                cookie_jar=aiohttp.DummyCookieJar(),
                timeout=aiohttp.ClientTimeout(total=None),  # the asker's timeout cancels the call
                auto_decompress=False,
                skip_auto_headers=("user-agent", "accept"),
            )
        return self._session
