"""Records that a sink will never take: kept as JSON lines in a file beside the spool, up to a bound."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from pathlib import Path

import msgspec

from inference.decision_log.pieces import Piece
from inference.predictions import Prediction, encode

MOST_BYTES = 16 * 1024 * 1024

log = logging.getLogger("inference")


class Rejected:
    """One sink's file of rejected records.

    Attributes:
        count: records so far.
    """

    def __init__(self, folder: Path, sink: str) -> None:
        self._path = folder / f"rejected-{sink}.jsonl"
        self._sink = sink
        self.count = 0

    def add(self, pieces: Sequence[Piece], reason: str) -> None:
        """Put records aside, so that those behind them are delivered."""
        self.count += sum(len(piece.records) for piece in pieces)
        where = {"sink": self._sink, "segment": pieces[0].segment, "reason": reason, "file": str(self._path)}
        log.error("a sink cannot take a decision's record", extra={"fields": where})
        try:
            if self._path.exists() and self._path.stat().st_size > MOST_BYTES:
                log.error("the file of rejected records is full", extra={"fields": where})
                return
            with self._path.open("ab") as file:
                for piece in pieces:
                    file.writelines(_line(record, piece.features) for record in piece.records)
        except OSError as error:
            log.error("a rejected record could not be kept: %s", error.strerror, extra={"fields": where})


def _line(record: Prediction, features: Sequence[str]) -> bytes:
    try:
        return encode(record, features) + b"\n"
    except ValueError:  # its features and their names do not fit together: the values without names
        return msgspec.json.encode(record) + b"\n"
