"""Transactions with their features, on the way to whoever decides them."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec
import numpy as np
import numpy.typing as npt

from processing.events import Transaction


class Featured(msgspec.Struct, array_like=True, frozen=True):
    """A micro-batch's transactions that were in time.

    Attributes:
        arrivals_ms: when the stream took each of them, milliseconds since 1970.
        vectors: float64 [transactions, features], NaN for missing, as bytes.
    """

    transactions: list[Transaction]
    arrivals_ms: list[int]
    vectors: bytes

    @property
    def matrix(self) -> npt.NDArray[np.float64]:
        """The vectors as an array that must not be written to."""
        return np.frombuffer(self.vectors).reshape(len(self.transactions), -1)


_encode = msgspec.msgpack.Encoder().encode
_decode = msgspec.msgpack.Decoder(Featured).decode


def pack(in_time: Sequence[tuple[Transaction, int]], features: Sequence[Sequence[float]]) -> bytes:
    """The payload of an outbox."""
    transactions, arrivals = zip(*in_time, strict=True)
    return _encode(Featured(list(transactions), list(arrivals), np.array(features).tobytes()))


def unpack(payload: bytes) -> Featured:
    """What `pack` packed."""
    return _decode(payload)
