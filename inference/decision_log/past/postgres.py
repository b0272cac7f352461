"""Decisions in PostgreSQL."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

import psycopg
import pyarrow as pa
from psycopg import sql
from psycopg.rows import dict_row

from inference.decision_log.past.decision import PastDecision, SourceError
from inference.decision_log.past.rows import of_columns
from processing.lake.audit import AUDIT

_FIND = """
SELECT * FROM decisions JOIN predictions USING (decision_id)
WHERE decision_id = %(id)s OR transaction_id = %(id)s
ORDER BY decisions.decided_at DESC
"""
_RANGE = """
SELECT {} FROM decisions JOIN predictions USING (decision_id)
WHERE decisions.decided_at >= %s AND decisions.decided_at < %s
"""
_OF_DECISIONS = frozenset({"decision_id", "decided_at"})  # both tables have them


class Postgres:
    """The tables ``decisions`` and ``predictions`` of a database."""

    def __init__(self, dsn: str) -> None:
        self._dsn = dsn

    def find(self, identifier: str) -> list[PastDecision]:
        """See `Source.find`."""
        rows = self._rows(sql.SQL(_FIND), {"id": identifier})
        return [of_columns(row, "PostgreSQL") for row in rows]

    def table(self, since: datetime, until: datetime, columns: Sequence[str]) -> pa.Table:
        """Some columns of the decisions made from `since` until before `until`, as the audit has them.

        Raises:
            SourceError: the database cannot be read.
        """
        names = [
            sql.Identifier("decisions", name) if name in _OF_DECISIONS else sql.Identifier(name)
            for name in columns
        ]
        rows = self._rows(sql.SQL(_RANGE).format(sql.SQL(", ").join(names)), [since, until])
        for row in rows:
            if row.get("amount") is not None:
                row["amount"] = float(row["amount"])
        return pa.Table.from_pylist(rows, pa.schema([AUDIT.field(name) for name in columns]))

    def _rows(self, query: sql.SQL | sql.Composed, parameters: Any) -> list[dict[str, Any]]:
        try:
            with (
                psycopg.connect(self._dsn, connect_timeout=5) as connection,
                connection.cursor(row_factory=dict_row) as cursor,
            ):
                return cursor.execute(query, parameters).fetchall()
        except psycopg.errors.UndefinedTable as error:
            raise SourceError("PostgreSQL: it has no decisions yet: the shipper makes the tables") from error
        except psycopg.Error as error:
            raise SourceError(f"PostgreSQL: {str(error).partition(chr(10))[0]}") from error
