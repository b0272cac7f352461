"""Requests that are refused, and how the refusal is written."""

from __future__ import annotations

import msgspec

_encode = msgspec.json.Encoder().encode


class RefusedError(Exception):
    """A request that gets no decision: the status, and what the client can do about it.

    Attributes:
        retry_after_s: when the client may try again, for 503.
        close: the connection ends with the answer, as what follows on it cannot be read.
    """

    def __init__(
        self,
        status: int,
        field: str | None,
        message: str,
        *,
        allow: str | None = None,
        retry_after_s: int | None = None,
        close: bool = False,
    ) -> None:
        super().__init__(message)
        self.status = status
        self.allow = allow
        self.retry_after_s = retry_after_s
        self.close = close
        self.document = error_document(field, message)

    @property
    def body(self) -> bytes:
        return _encode(self.document)

    @property
    def headers(self) -> bytes:
        """Header lines besides those of every answer."""
        lines = b""
        if self.allow is not None:
            lines += b"allow: %s\r\n" % self.allow.encode()
        if self.retry_after_s is not None:
            lines += b"retry-after: %d\r\n" % self.retry_after_s
        return lines


def error_document(field: str | None, message: str) -> dict[str, dict[str, str | None]]:
    """The body of a refusal: the field (dotted when nested, null for the whole) and the fix."""
    return {"error": {"field": field, "message": message}}
