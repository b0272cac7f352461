"""PostgreSQL, the system of record: tables ``decisions`` and ``predictions``."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from contextlib import suppress

import psycopg
from psycopg import sql

from inference.decision_log.migrations import MigrationError, migrate
from inference.decision_log.pieces import Piece
from inference.decision_log.sinks.postgres_rows import COLUMNS, row
from inference.decision_log.sinks.sink import UnacceptableError, UnavailableError

_CONNECT_S = 5
_STATEMENT_MS = 30_000

_DECISIONS = (
    "decision_id", "transaction_id", "user_id", "merchant_id", "event_time", "decided_at", "decision",
    "decided_by", "fallback_reason", "amount", "currency", "rules_version", "rules_live", "rules_shadow",
)  # fmt: skip
_PREDICTIONS = (
    "decision_id", "decided_at", "model_version", "fraud_probability", "review_threshold",
    "decline_threshold", "reasons", "features", "contributions", "signals", "features_as_of",
    "staleness_ms", "prediction_latency_ms",
)  # fmt: skip


def _names(columns: Iterable[str]) -> sql.Composed:
    return sql.SQL(", ").join(map(sql.Identifier, columns))


def _insert(table: str, columns: tuple[str, ...]) -> sql.Composed:
    statement = sql.SQL("INSERT INTO {} ({}) SELECT {} FROM incoming ON CONFLICT DO NOTHING")
    return statement.format(sql.Identifier(table), _names(columns), _names(columns))


_INCOMING = sql.SQL("CREATE TEMP TABLE IF NOT EXISTS incoming ({}) ON COMMIT DELETE ROWS").format(
    sql.SQL(", ").join(
        sql.SQL("{} {}").format(sql.Identifier(name), sql.SQL(kind)) for name, kind in COLUMNS.items()
    )
)
_COPY = sql.SQL("COPY incoming ({}) FROM STDIN").format(_names(COLUMNS))
_INSERTS = (_insert("decisions", _DECISIONS), _insert("predictions", _PREDICTIONS))


class PostgresSink:
    """COPY into a temporary table, and from there what the tables do not have yet, in one transaction.

    The connection is made when there is something to deliver, and again when it was lost; tables that are
    not up to date are migrated then.

    Args:
        dsn: a libpq connection string or URI.
    """

    name = "postgres"
    batch_bytes = 4 * 1024 * 1024
    linger_s = 0.5

    def __init__(self, dsn: str) -> None:
        self._dsn = dsn
        self._connection: psycopg.Connection | None = None

    def deliver(self, pieces: Sequence[Piece]) -> None:
        """Insert all records; see `Sink.deliver`."""
        try:
            rows = [row(record, piece.features) for piece in pieces for record in piece.records]
        except ValueError as error:
            raise UnacceptableError(str(error)) from error
        try:
            self._insert(self._connected(), rows)
        except (psycopg.DataError, psycopg.IntegrityError) as error:
            raise UnacceptableError(_said(error)) from error
        except (psycopg.Error, MigrationError) as error:
            self.close()
            raise UnavailableError(_said(error)) from error

    def close(self) -> None:
        """Let go of the connection."""
        if self._connection is not None:
            with suppress(psycopg.Error):
                self._connection.close()
            self._connection = None

    def _connected(self) -> psycopg.Connection:
        if self._connection is None:
            connection = psycopg.connect(
                self._dsn,
                autocommit=True,
                connect_timeout=_CONNECT_S,
                options=f"-c statement_timeout={_STATEMENT_MS}",
                application_name="fraudline-decision-log",
            )
            try:
                migrate(connection)
                connection.execute(_INCOMING)
            except BaseException:
                connection.close()
                raise
            self._connection = connection
        return self._connection

    def _insert(self, connection: psycopg.Connection, rows: list[tuple[object, ...]]) -> None:
        with connection.transaction(), connection.cursor() as cursor:
            with cursor.copy(_COPY) as copy:
                for values in rows:
                    copy.write_row(values)
            for statement in _INSERTS:
                cursor.execute(statement)


def _said(error: Exception) -> str:
    """The first line: the rest may quote the record."""
    primary = error.diag.message_primary if isinstance(error, psycopg.Error) else None
    return primary or str(error).partition("\n")[0] or type(error).__name__
