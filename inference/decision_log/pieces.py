"""What is delivered: runs of records, each with where in the spool it came from."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from inference.predictions import Prediction


class Piece(NamedTuple):
    """Successive records of one segment.

    Attributes:
        start: where they begin in the segment. With the segment's name it identifies the piece: what
            is delivered again after a crash begins there again.
        features: names of the records' features, in their order.
    """

    segment: str
    start: int
    features: tuple[str, ...]
    records: Sequence[Prediction]


def count(pieces: Sequence[Piece]) -> int:
    """How many records there are in all."""
    return sum(len(piece.records) for piece in pieces)


def halves(pieces: Sequence[Piece]) -> tuple[list[Piece], list[Piece]]:
    """The same records in two parts; the second is empty only when there is a single record."""
    if len(pieces) > 1:
        middle = len(pieces) // 2
        return list(pieces[:middle]), list(pieces[middle:])
    (piece,) = pieces
    middle = (len(piece.records) + 1) // 2
    first, second = piece.records[:middle], piece.records[middle:]
    return [piece._replace(records=first)], [piece._replace(records=second)] if second else []
