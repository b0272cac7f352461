"""Which online stores there are, and where the environment says they live."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

FEATURE_STORE, REDIS, EMBEDDED = "feature-store", "redis", "lmdb"
BACKENDS = (FEATURE_STORE, REDIS, EMBEDDED)
_SCHEMES = ("redis", "rediss", "unix")


class BackendError(ValueError):
    """An environment variable does not fit; the message names it and says what does."""


@dataclass(frozen=True, slots=True)
class Backends:
    """Online stores by setting.

    Attributes:
        names: of `BACKENDS`, in the order given.
        redis_url: of the Redis or Valkey server, when `REDIS` is among them.
        lmdb_path: folder of the embedded store, when `EMBEDDED` is among them.
    """

    names: tuple[str, ...] = (FEATURE_STORE,)
    redis_url: str | None = None
    lmdb_path: Path | None = None


def backends(environ: Mapping[str, str]) -> Backends:
    """``FRAUDLINE_FEATURE_BACKEND``, a list with commas, and what its members need.

    Raises:
        BackendError: a variable is missing or has a value that is no use.
    """
    text = environ.get("FRAUDLINE_FEATURE_BACKEND") or FEATURE_STORE
    names = tuple(dict.fromkeys(name.strip() for name in text.split(",")))
    if not set(names) <= set(BACKENDS):
        raise BackendError(f"FRAUDLINE_FEATURE_BACKEND={text!r}: expected {', '.join(BACKENDS)}")
    return Backends(
        names,
        _redis_url(environ) if REDIS in names else None,
        _lmdb_path(environ) if EMBEDDED in names else None,
    )


def _redis_url(environ: Mapping[str, str]) -> str:
    url = environ.get("FRAUDLINE_REDIS_URL", "")
    if not url:
        raise BackendError(
            "FRAUDLINE_REDIS_URL is not set: FRAUDLINE_FEATURE_BACKEND=redis needs it, "
            "e.g. redis://127.0.0.1:6379/0"
        )
    try:
        parts = urlsplit(url)
        usable = parts.scheme in _SCHEMES and (parts.hostname or parts.scheme == "unix")
        _ = parts.port  # raises for one that is no number
    except ValueError:
        usable = False
    if not usable:
        # The URL itself may hold a password.
        raise BackendError(
            "FRAUDLINE_REDIS_URL: expected redis://[user:password@]host:port/db, rediss:// for TLS, or unix://path"
        )
    return url


def _lmdb_path(environ: Mapping[str, str]) -> Path:
    path = environ.get("FRAUDLINE_LMDB_PATH", "")
    if not path:
        raise BackendError(
            "FRAUDLINE_LMDB_PATH is not set: FRAUDLINE_FEATURE_BACKEND=lmdb needs a folder that the stream "
            "writes and the server reads"
        )
    return Path(path)
