"""Where the function behind a custom resource answers: an inbox for each pending request."""

from __future__ import annotations

import json
import secrets
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

from mirror.api import Document, ServiceError
from mirror.cloud import Cloud
from mirror.functions import Invocation

PREFIX = "/_fraudline/cfn-response/"
_POLL_S = 0.05
_GRACE_S = 1.0

_pending: dict[str, Answer] = {}


class Answer:
    """The answer to one request, once it has come."""

    def __init__(self, cloud: Cloud) -> None:
        self.token = secrets.token_urlsafe(24)
        self.url = f"{cloud.endpoint_url}{PREFIX}{self.token}"
        self._document: Document | None = None
        self._arrived = threading.Event()

    def put(self, document: Document) -> None:
        self._document = document
        self._arrived.set()

    def wait(self, timeout: float, invocation: Invocation) -> Document:
        """The response document.

        A function that failed for good will not answer any more: AWS would wait for the whole
        timeout, the mirror reports the function's error at once.

        Raises:
            ServiceError: no answer within `timeout` seconds, or the function failed.
        """
        deadline = time.monotonic() + timeout
        while not self._arrived.wait(_POLL_S):
            if invocation.done() and not self._arrived.wait(_GRACE_S):
                result = invocation.result()
                if result.error:
                    raise ServiceError("FunctionError", f"the function did not answer: {result.payload}")
            if time.monotonic() > deadline:
                raise ServiceError("Timeout", f"no response from the function within {timeout:.0f} s")
        return self._document or {}


@contextmanager
def expect(cloud: Cloud) -> Iterator[Answer]:
    """An inbox that is open for the duration of the block."""
    answer = Answer(cloud)
    _pending[answer.token] = answer
    try:
        yield answer
    finally:
        del _pending[answer.token]


def receive(token: str, body: bytes) -> bool:
    """Take an answer that was PUT to ``ResponseURL``; False when nobody waits for it.

    Raises:
        ServiceError: the body is not a JSON object.
    """
    try:
        document = json.loads(body)
    except ValueError as error:
        raise ServiceError("ValidationError", f"custom resource response is not JSON: {error}") from error
    if not isinstance(document, dict):
        raise ServiceError("ValidationError", "custom resource response is not a JSON object")
    answer = _pending.get(token)
    if answer is None:
        return False
    answer.put(document)
    return True
