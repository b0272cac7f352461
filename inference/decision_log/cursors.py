"""How far a sink has come in every segment, in a file that a killed shipper finds again."""

from __future__ import annotations

import logging
from collections.abc import Iterable
from pathlib import Path

import msgspec

log = logging.getLogger("inference")


class Position(msgspec.Struct, frozen=True):
    """Attributes: `done` means that the segment has nothing more for this sink."""

    offset: int = 0
    done: bool = False


_decode = msgspec.json.Decoder(dict[str, Position]).decode
_START = Position()


class Cursors:
    """Positions by segment, replaced as a whole file: it is the old one or the new one, never a mixture.

    A file that cannot be read counts as none: everything that is still in the spool is delivered again,
    and sinks know what they have.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._positions: dict[str, Position] = {}
        try:
            self._positions = _decode(path.read_bytes())
        except FileNotFoundError:
            pass
        except (OSError, msgspec.MsgspecError) as error:
            log.error("cursors are lost: what the spool holds is delivered again: %s", error)

    def position(self, segment: str) -> Position:
        """Where to go on."""
        return self._positions.get(segment, _START)

    def advance(self, reached: dict[str, Position]) -> None:
        """Remember what was delivered.

        Raises:
            OSError: the file cannot be written; the positions are kept in memory.
        """
        self._positions.update(reached)
        self._save()

    def keep_only(self, segments: Iterable[str]) -> None:
        """Forget segments that do not exist any more."""
        kept = set(segments)
        self._positions = {name: at for name, at in self._positions.items() if name in kept}

    def _save(self) -> None:
        draft = self._path.with_suffix(".tmp")
        draft.write_bytes(msgspec.json.encode(self._positions))
        draft.replace(self._path)
