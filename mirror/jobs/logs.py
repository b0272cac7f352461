"""A job's output as CloudWatch Logs events, line by line while it runs."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import BinaryIO

from moto.logs.exceptions import ResourceAlreadyExistsException, ResourceNotFoundException
from moto.logs.models import LogsBackend, logs_backends

_MAX_EVENT = 262_118  # bytes of one event; CloudWatch refuses longer ones
_MAX_CHUNK = 4 << 20


class LogStream:
    """Copies a growing file to a log stream and keeps its last lines.

    Args:
        account, region: where the log group lives.
        group, stream: names; both are created.
        source: the file that the child process appends to; it must exist.
        observe: called with every line.
    """

    def __init__(
        self, account: str, region: str, group: str, stream: str, source: Path, observe: Callable[[str], None]
    ) -> None:
        self._backend: LogsBackend = logs_backends[account][region]
        self._group, self._stream = group, stream
        self._observe = observe
        self._file: BinaryIO = source.open("rb")
        self._partial = b""
        self.last_lines: deque[str] = deque(maxlen=10)
        with suppress(ResourceAlreadyExistsException):
            self._backend.create_log_group(group, {})
        with suppress(ResourceAlreadyExistsException):
            self._backend.create_log_stream(group, stream)

    def __enter__(self) -> LogStream:
        return self

    def __exit__(self, *_: object) -> None:
        self.drain()
        if self._partial:
            self._publish([self._partial])
        self._file.close()

    def drain(self) -> None:
        """Publish every complete line that was written since the last call."""
        while chunk := self._file.read(_MAX_CHUNK):
            *lines, self._partial = (self._partial + chunk).split(b"\n")
            self._publish(lines)

    def _publish(self, lines: list[bytes]) -> None:
        now = int(time.time() * 1000)
        texts = [line[:_MAX_EVENT].decode(errors="replace").rstrip("\r") for line in lines]
        for text in texts:
            self._observe(text)
            if text.strip():
                self.last_lines.append(text)
        # CloudWatch refuses empty messages.
        events = [{"timestamp": now, "message": text or " "} for text in texts]
        # A group that was deleted meanwhile must not end the job or the endpoint that writes to it.
        with suppress(ResourceNotFoundException):
            if events:
                self._backend.put_log_events(self._group, self._stream, events)
