"""Applies the migrations that a database does not have yet."""

from __future__ import annotations

import hashlib
import re
from importlib.resources import files
from typing import NamedTuple

import psycopg
from psycopg import sql

_NAME = re.compile(r"(\d{4})_[a-z0-9_]+\.sql")
# Any number that nothing else in the database locks: shippers of all instances take turns.
_LOCK = 4_170_042_001
_TABLE = """
CREATE TABLE IF NOT EXISTS schema_migrations (
    version    integer PRIMARY KEY,
    name       text NOT NULL,
    sha256     text NOT NULL,
    applied_at timestamptz NOT NULL DEFAULT now()
)
"""


class MigrationError(Exception):
    """The database's tables and the files do not fit together; the message says what to do."""


class Migration(NamedTuple):
    """One file; `sha256` is of its text."""

    version: int
    name: str
    text: str
    sha256: str


def migrations() -> list[Migration]:
    """Every migration of this release, in order.

    Raises:
        MigrationError: the files are not numbered 1, 2, 3 ...
    """
    found = []
    for entry in sorted(files(__package__).iterdir(), key=lambda entry: entry.name):
        named = _NAME.fullmatch(entry.name)
        if named:
            text = entry.read_text(encoding="utf-8")
            digest = hashlib.sha256(text.encode()).hexdigest()
            found.append(Migration(int(named[1]), entry.name, text, digest))
    if [migration.version for migration in found] != list(range(1, len(found) + 1)):
        raise MigrationError(f"migrations must be numbered 1 to {len(found)} without a gap")
    return found


def migrate(connection: psycopg.Connection, wanted: list[Migration] | None = None) -> list[str]:
    """Bring a database up to date; all in one transaction.

    Args:
        connection: in autocommit mode.
        wanted: the migrations to have; those of this release by default.

    Returns:
        Names of the files that were applied.

    Raises:
        MigrationError: a file was changed after it had been applied here.
        psycopg.Error: the database refuses, for instance because the role may not create tables.
    """
    wanted = migrations() if wanted is None else wanted
    applied: list[str] = []
    with connection.transaction():
        connection.execute("SELECT pg_advisory_xact_lock(%s)", [_LOCK])
        if connection.execute("SELECT to_regclass('schema_migrations')").fetchone() == (None,):
            connection.execute(_TABLE)
        had: dict[int, str] = dict(
            connection.execute("SELECT version, sha256 FROM schema_migrations").fetchall()
        )
        for migration in wanted:
            if had.get(migration.version, migration.sha256) != migration.sha256:
                raise MigrationError(
                    f"{migration.name} is not what was applied to this database: restore the file, and put "
                    "the change into the next one"
                )
            if migration.version in had:
                continue
            connection.execute(sql.SQL(migration.text))
            connection.execute(
                "INSERT INTO schema_migrations (version, name, sha256) VALUES (%s, %s, %s)",
                [migration.version, migration.name, migration.sha256],
            )
            applied.append(migration.name)
    return applied
