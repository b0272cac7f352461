"""Whether a worker that died had read something of which it has left no word."""

from __future__ import annotations

import array
import fcntl
import socket
import struct
import termios

_INFO_BYTES = 256
_BYTES_RECEIVED = 128
"""Of Linux' ``struct tcp_info``: ``tcpi_bytes_received``, 64 bits, since 4.1."""
_TCP_INFO = getattr(socket, "TCP_INFO", None)


def lost(connection: socket.socket, taken: int) -> bool:
    """Whether bytes are gone from the socket that nobody has begun to handle; False where it cannot be told.

    Between reading them and saying so lie microseconds, in which a worker can be killed like in any other.

    Args:
        taken: bytes that workers have said they handle.
    """
    if _TCP_INFO is None:
        return False
    try:
        info = connection.getsockopt(socket.IPPROTO_TCP, _TCP_INFO, _INFO_BYTES)
        unread = array.array("i", [0])
        fcntl.ioctl(connection, termios.FIONREAD, unread)
    except OSError:
        return False
    if len(info) < _BYTES_RECEIVED + 8:
        return False
    received: int = struct.unpack_from("=Q", info, _BYTES_RECEIVED)[0]
    return received - unread[0] > taken
