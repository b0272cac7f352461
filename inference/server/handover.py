"""Connections travel from the supervisor to a worker, and word of their end back."""

from __future__ import annotations

import socket
import struct

READY, CLOSED, DRAIN = b"r", b"c", b"d"
_SLOT = struct.Struct("<cI")


def channel() -> tuple[socket.socket, socket.socket]:
    """Two ends, the supervisor's and the worker's; messages keep their bounds."""
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    ours.setblocking(False)
    theirs.setblocking(False)
    return ours, theirs


def give(ours: socket.socket, slot: int, connection: socket.socket) -> None:
    """Hand a connection to the worker.

    Raises:
        BlockingIOError: the worker does not take what was given before.
        OSError: the worker is gone.
    """
    socket.send_fds(ours, [_SLOT.pack(CLOSED, slot)], [connection.fileno()])


def take(theirs: socket.socket) -> tuple[int, socket.socket] | bytes | None:
    """The next connection with its slot, or a message; None when there is nothing now.

    Raises:
        ConnectionError: the supervisor is gone.
    """
    try:
        message, descriptors, _, _ = socket.recv_fds(theirs, _SLOT.size, 1)
    except BlockingIOError:
        return None
    if not message:
        raise ConnectionError("the supervisor is gone")
    if not descriptors:
        return message
    connection = socket.socket(fileno=descriptors[0])
    connection.setblocking(False)
    return _SLOT.unpack(message)[1], connection


def closed(slot: int) -> bytes:
    """The worker's word that a connection has ended."""
    return _SLOT.pack(CLOSED, slot)


def slot_of(message: bytes) -> int:
    """The connection that `closed` named."""
    slot: int = _SLOT.unpack(message)[1]
    return slot
