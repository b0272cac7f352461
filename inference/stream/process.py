"""The decider in a process of its own: the consumer computes features while it scores."""

from __future__ import annotations

import logging
import os
import signal
import socket
import struct
from collections.abc import Callable, Sequence

_HEAD = struct.Struct("<I")
_DONE, _FAILED = b"\x01", b"\x00"

log = logging.getLogger("inference")

Decide = Callable[[bytes], int]


class DeciderProcess:
    """Forks a process that decides payloads. Start it before the caller has threads.

    Args:
        decide: decides and records one payload, in the new process. What it needs is loaded before: a
            process that was forked must not load what starts threads.

    Attributes:
        pid: of the process.
    """

    def __init__(self, decide: Decide) -> None:
        self._decide = decide
        self._socket: socket.socket | None = None
        self.pid = 0

    def start(self) -> None:
        """Start the process."""
        ours, theirs = socket.socketpair()
        pid = os.fork()
        if pid == 0:
            ours.close()
            signal.signal(signal.SIGINT, signal.SIG_IGN)
            signal.signal(signal.SIGTERM, signal.SIG_IGN)  # it ends when the consumer does
            code = 1
            try:
                _work(theirs, self._decide)
                code = 0
            except Exception:
                log.exception("the decider failed")
            finally:
                os._exit(code)
        theirs.close()
        self._socket, self.pid = ours, pid

    def deliver(self, payloads: Sequence[bytes]) -> int:
        """Have payloads decided; returns how many of them, from the first on, are recorded.

        Raises:
            ConnectionError: the process is gone; it is started again with the next call.
        """
        if self._socket is None:
            self.start()
        assert self._socket is not None
        try:
            self._socket.sendall(_HEAD.pack(len(payloads[0])) + payloads[0])
            answer = self._socket.recv(1)
        except OSError as error:
            self._bury()
            raise ConnectionError(f"the decider is gone: {error}") from error
        if not answer:
            self._bury()
            raise ConnectionError("the decider ended")
        return int(answer == _DONE)

    def close(self) -> None:
        """Let the process end."""
        if self._socket is not None:
            self._bury()

    def _bury(self) -> None:
        assert self._socket is not None
        self._socket.close()
        self._socket = None
        os.waitpid(self.pid, 0)


def _work(channel: socket.socket, decide: Decide) -> None:
    while True:
        head = _exactly(channel, _HEAD.size)
        if head is None:
            return
        payload = _exactly(channel, _HEAD.unpack(head)[0])
        if payload is None:
            return
        try:
            decide(payload)
        except Exception:  # the payload stays in the outbox and comes again
            log.exception("deciding a batch failed, it is tried again")
            channel.sendall(_FAILED)
        else:
            channel.sendall(_DONE)


def _exactly(channel: socket.socket, size: int) -> bytes | None:
    parts = []
    while size:
        part = channel.recv(min(size, 1 << 20))
        if not part:
            return None
        parts.append(part)
        size -= len(part)
    return b"".join(parts)
