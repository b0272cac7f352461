"""How records are written in a spool: msgpack arrays, behind a line that says what their fields mean."""

from __future__ import annotations

from typing import Any

import msgspec
import numpy as np

from feature_groups import FEATURE_NAMES
from inference.decision_log.frames import HEAD_BYTES
from inference.predictions import Prediction


class Preamble(msgspec.Struct, frozen=True):
    """The first frame of a segment: it may be read by a later release, with other features.

    Attributes:
        worker: of the instance, e.g. ``worker-0``.
        features: names of `Prediction.features_used` and `contributions`, in their order.
    """

    worker: str
    pid: int
    features: tuple[str, ...]


def _plain(value: Any) -> Any:
    """Arrays as msgpack has them: contributions as their bytes, features as a list of doubles."""
    if isinstance(value, np.ndarray):
        return value.astype("<f4", copy=False).tobytes() if value.dtype == np.float32 else value.tolist()
    if isinstance(value, np.generic):
        return value.item()
    raise TypeError(f"{type(value).__name__} has no place in the record of a decision")


_encoder = msgspec.msgpack.Encoder(enc_hook=_plain)
_decoder = msgspec.msgpack.Decoder(list[Prediction])
_preamble = msgspec.msgpack.Decoder(Preamble)

encode_into = _encoder.encode_into
"""Writes records into a buffer from an offset on, and cuts the buffer off behind them."""


def preamble(worker: str, pid: int) -> bytes:
    """The payload of a segment's first frame."""
    return _encoder.encode(Preamble(worker, pid, FEATURE_NAMES))


def decode_preamble(payload: bytes) -> Preamble:
    """The `Preamble` of a segment.

    Raises:
        msgspec.DecodeError: it is none.
    """
    return _preamble.decode(payload)


def encode(records: list[Prediction]) -> bytes:
    """Records as the payload of a frame."""
    return _encoder.encode(records)


def decode(payload: bytes) -> list[Prediction]:
    """The records of a frame.

    Raises:
        msgspec.DecodeError: they are none, or of a release that this one cannot read.
    """
    return _decoder.decode(payload)


def empty_frame() -> bytearray:
    """A buffer with room for a frame's head."""
    return bytearray(HEAD_BYTES)
