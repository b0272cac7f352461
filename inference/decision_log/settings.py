"""Settings of the log of decisions, all from environment variables (see docs/decision-log.md)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from feature_groups.names import Names

OFF = "off"


class LogSettingsError(ValueError):
    """An environment variable does not fit; the message names it and says what does."""


@dataclass(frozen=True, slots=True)
class LogSettings:
    """Where decisions are kept and delivered to.

    Attributes:
        folder: of the spool, on a local disk; beside the model unless it is set.
        max_bytes: of what is not delivered yet; beyond it decisions are refused.
        sync_ms: how often the spool is forced to the disk; 0 leaves that to the kernel.
        drain_s: how long the shipper goes on delivering when it is told to end.
        stream: physical name of the stream; None: none.
        audit_uri: ``s3://bucket/prefix`` or a folder; None: none.
        audit_flush_s: oldest record that waits for its audit file.
        audit_retention_days: how long nobody may delete or overwrite an audit file; 0: no lock. The bucket
            must have Object Lock.
        postgres_dsn: a libpq connection string or URI; None: none.
    """

    names: Names
    folder: Path
    max_bytes: int
    sync_ms: int
    drain_s: int
    stream: str | None
    audit_uri: str | None
    audit_flush_s: int
    audit_retention_days: int
    postgres_dsn: str | None

    @classmethod
    def from_environ(cls, environ: Mapping[str, str]) -> LogSettings:
        """Read and check the environment.

        Raises:
            LogSettingsError: a variable has a value that does not fit.
        """
        try:
            names = Names(environ.get("FRAUDLINE_ENVIRONMENT", "dev"))
        except ValueError as error:
            raise LogSettingsError(f"FRAUDLINE_ENVIRONMENT: {error}") from error
        beside = Path(environ.get("SM_MODEL_DIR", "/opt/ml/model")).parent / "decisions"
        stream = environ.get("FRAUDLINE_LOG_STREAM") or names.stream("model-predictions")
        return cls(
            names=names,
            folder=Path(environ.get("FRAUDLINE_SPOOL_DIR") or beside),
            max_bytes=_integer(environ, "FRAUDLINE_SPOOL_MAX_MB", 1024, 1, 1_000_000) * 1024 * 1024,
            sync_ms=_integer(environ, "FRAUDLINE_SPOOL_SYNC_MS", 1000, 0, 3_600_000),
            drain_s=_integer(environ, "FRAUDLINE_LOG_DRAIN_S", 20, 0, 3600),
            stream=None if stream == OFF else stream,
            audit_uri=_audit(environ.get("FRAUDLINE_AUDIT_URI")),
            audit_flush_s=_integer(environ, "FRAUDLINE_AUDIT_FLUSH_S", 60, 1, 3600),
            audit_retention_days=_integer(environ, "FRAUDLINE_AUDIT_RETENTION_DAYS", 0, 0, 36_500),
            postgres_dsn=environ.get("FRAUDLINE_POSTGRES_DSN") or None,
        )


def _audit(uri: str | None) -> str | None:
    if uri and "://" in uri and (not uri.startswith("s3://") or not uri[5:].partition("/")[0]):
        raise LogSettingsError(f"FRAUDLINE_AUDIT_URI={uri!r}: expected s3://bucket/prefix or a folder")
    return uri or None


def _integer(environ: Mapping[str, str], name: str, default: int, low: int, high: int) -> int:
    text = environ.get(name, "")
    if not text:
        return default
    if not text.isascii() or not text.isdecimal() or not low <= int(text) <= high:
        raise LogSettingsError(f"{name}={text!r}: expected a whole number from {low} to {high}")
    return int(text)
