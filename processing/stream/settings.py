"""What the environment tells the consumer."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from feature_groups.names import Names
from processing.online.backends import Backends, backends
from processing.stream.known import CHOICES

_BATCH_SIZE = 5_000


@dataclass(frozen=True, slots=True)
class StreamSettings:
    """Settings of one consumer process.

    Attributes:
        state: folder of the local store; one consumer at a time.
        lake_bucket: bucket for raw events and labels.
        replay: accept events older than 5 minutes, and keep shards in step by event time.
        batch_size: most records of one micro-batch.
        poll_seconds: pause between polls of a shard that has nothing to read.
        publish_seconds: how stale the Feature Store may get while there is a backlog.
        lake_seconds, lake_rows: a lake file is written after so long or so many rows, or when idle.
        require_known: who has to be known, of `processing.stream.known.CHOICES`.
        backends: online stores that decisions read from, all of which are written.
    """

    names: Names
    state: Path
    lake_bucket: str
    replay: bool = False
    batch_size: int = _BATCH_SIZE
    poll_seconds: float = 0.15
    publish_seconds: float = 10.0
    lake_seconds: float = 60.0
    lake_rows: int = 100_000
    require_known: frozenset[str] = frozenset()
    backends: Backends = field(default_factory=Backends)

    @classmethod
    def from_environ(cls, environ: Mapping[str, str] = os.environ) -> StreamSettings:
        """Settings from ``FRAUDLINE_*`` variables.

        Raises:
            ValueError: ``FRAUDLINE_CONSUMER_STATE`` or ``FRAUDLINE_LAKE_BUCKET`` is not set, or
                ``FRAUDLINE_REQUIRE_KNOWN``, ``FRAUDLINE_BATCH_SIZE`` or a variable of
                `processing.online.backends` has a value that is no use.
        """
        return cls(
            names=Names(environ.get("FRAUDLINE_ENVIRONMENT", "dev")),
            state=Path(_required(environ, "FRAUDLINE_CONSUMER_STATE", "a folder for the consumer's state")),
            lake_bucket=_required(environ, "FRAUDLINE_LAKE_BUCKET", "the name of the lake bucket"),
            replay=environ.get("FRAUDLINE_REPLAY", "0").lower() in ("1", "true", "yes"),
            batch_size=_count(environ, "FRAUDLINE_BATCH_SIZE", _BATCH_SIZE),
            require_known=_known(environ.get("FRAUDLINE_REQUIRE_KNOWN", "")),
            backends=backends(environ),
        )


def _known(text: str) -> frozenset[str]:
    wanted = frozenset(word.strip() for word in text.split(",")) - {""}
    if not wanted <= set(CHOICES):
        raise ValueError(f"FRAUDLINE_REQUIRE_KNOWN is {text!r}: use one of {', '.join(CHOICES)}, or both")
    return wanted


def _count(environ: Mapping[str, str], name: str, default: int) -> int:
    text = environ.get(name, str(default))
    if not text.isdecimal() or not int(text):
        raise ValueError(f"{name} is {text!r}: use a whole number of at least 1")
    return int(text)


def _required(environ: Mapping[str, str], name: str, meaning: str) -> str:
    value = environ.get(name)
    if not value:
        raise ValueError(f"{name} is not set: set it to {meaning}")
    return value
