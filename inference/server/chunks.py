"""Bodies that come in chunks."""

from __future__ import annotations

import httptools

from inference.server.errors import RefusedError


class ChunkedBody:
    """Collects a body whose length is not known before its end.

    Args:
        head: of the request, as it came.
        most: bytes that are accepted.
    """

    def __init__(self, head: bytes, most: int) -> None:
        self._most = most
        self._parts: list[bytes] = []
        self._size = 0
        self.complete = False
        self._parser = httptools.HttpRequestParser(self)
        self._parser.feed_data(head)

    def feed(self, data: bytes) -> None:
        """Take what came next; what follows the body is lost, so the connection must end with the answer.

        Raises:
            RefusedError: malformed chunks, or more than `most` bytes.
        """
        try:
            self._parser.feed_data(data)
        except httptools.HttpParserError as error:
            if not self.complete:
                raise RefusedError(400, "body", f"malformed chunks: {error}", close=True) from None
        if self._size > self._most:
            raise too_large(self._most)

    def on_body(self, part: bytes) -> None:
        """Called by the parser."""
        if not self.complete:
            self._size += len(part)
            if self._size <= self._most:
                self._parts.append(part)

    def on_message_complete(self) -> None:
        """Called by the parser."""
        self.complete = True

    @property
    def body(self) -> bytes:
        return b"".join(self._parts)


def too_large(most: int) -> RefusedError:
    """The refusal of a body above the limit; closing the connection spares reading the rest."""
    return RefusedError(413, "body", f"the body is larger than {most} bytes", close=True)
