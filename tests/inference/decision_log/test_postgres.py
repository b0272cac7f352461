"""Decisions in a real PostgreSQL: once each, findable, through outages and changes of the tables."""

from __future__ import annotations

from pathlib import Path

import psycopg
import pytest

from feature_groups import FEATURE_NAMES
from inference.decision_log import Spool
from inference.decision_log.migrations import Migration, MigrationError, migrate, migrations
from inference.decision_log.pieces import Piece
from inference.decision_log.sinks import UnacceptableError, UnavailableError
from inference.decision_log.sinks.postgres import PostgresSink
from inference.predictions import Prediction
from tests.inference.decision_log.postgres import Postgres, rows
from tests.inference.decision_log.records import prediction
from tests.inference.decision_log.sinks import Memory, Running, empty, eventually

pytestmark = pytest.mark.slow


def deliver(sink: PostgresSink, *records: Prediction) -> None:
    sink.deliver([Piece("segment", 0, FEATURE_NAMES, records)])


def test_a_decision_is_there_in_every_field_and_once(postgres: Postgres) -> None:
    dsn = postgres.database()
    sink = PostgresSink(dsn)
    deliver(sink, prediction(1), prediction(1))
    deliver(sink, prediction(1, decision="decline"), prediction(2, features_used=None, signals=None))
    sink.close()
    found = rows(
        dsn, "SELECT decision_id, decision, amount, rules_live, rules_shadow FROM decisions ORDER BY 1"
    )
    assert [(row[0], row[1], float(row[2]), *row[3:]) for row in found] == [
        ("d-00000001", "review", 123.45, ["velocity"], ["night"]),
        ("d-00000002", "review", 123.45, ["velocity"], ["night"]),
    ]
    (first, second) = rows(
        dsn,
        "SELECT features, reasons, contributions, signals, features_as_of FROM predictions "
        "ORDER BY decision_id",
    )
    assert first[0] == dict.fromkeys(FEATURE_NAMES, 1.5) | {FEATURE_NAMES[3]: None}
    assert first[1][1]["value"] == "atm"
    assert first[2][FEATURE_NAMES[-1]] == 1.0
    assert first[3] == {"device_risk": 0.3, "email": "known", "address": None}
    assert first[4] == {"profile": None, "user": "2026-03-01T12:33:56.789Z", "merchant": None}
    assert (second[0], second[3]) == (None, None)


@pytest.mark.parametrize(
    "query",
    [
        "SELECT 1 FROM decisions WHERE transaction_id = 't-1'",
        "SELECT 1 FROM decisions WHERE decided_at >= '2026-03-01' AND decided_at < '2026-03-02'",
        "SELECT 1 FROM decisions WHERE rules_live @> '{velocity}'",
        """SELECT 1 FROM predictions WHERE reasons @> '[{"feature": "channel"}]'""",
    ],
)
def test_what_is_asked_for_has_an_index(postgres: Postgres, query: str) -> None:
    dsn = postgres.database()
    sink = PostgresSink(dsn)
    deliver(sink, prediction(1))
    sink.close()
    with psycopg.connect(dsn) as connection:
        connection.execute("SET enable_seqscan = off")
        plan = "\n".join(line for (line,) in connection.execute(f"EXPLAIN {query}").fetchall())
        assert "Index" in plan
        assert connection.execute(query).fetchall() == [(1,)]


def test_what_the_database_cannot_hold_is_unacceptable_and_put_aside_alone(
    postgres: Postgres, tmp_path: Path
) -> None:
    dsn = postgres.database()
    spool = Spool(tmp_path, "w", 1 << 22)
    spool.append([prediction(1), prediction(2, signals={"said": "nul \0"}), prediction(3)])
    spool.close()
    with Running(tmp_path, PostgresSink(dsn)) as running:
        eventually(lambda: empty(tmp_path))
    assert running.count("postgres", "rejected") == 1
    assert rows(dsn, "SELECT decision_id FROM decisions ORDER BY 1") == [("d-00000001",), ("d-00000003",)]
    with pytest.raises(UnacceptableError, match="unsupported Unicode escape sequence"):
        deliver(PostgresSink(dsn), prediction(4, signals={"said": "\0"}))


def test_an_outage_holds_only_this_sink_and_is_caught_up(postgres: Postgres, tmp_path: Path) -> None:
    dsn = postgres.database()
    other = Memory()
    spool = Spool(tmp_path, "w", 1 << 22)
    with Running(tmp_path, PostgresSink(dsn), other) as running:
        spool.append([prediction(1)])
        eventually(lambda: running.count("postgres", "delivered") == 1, 20)
        postgres.stop()
        try:
            for number in range(2, 40):
                spool.append([prediction(number)])
            eventually(lambda: len(other.ids) == 39)
            eventually(lambda: running.count("postgres", "error") is not None)
            assert running.count("postgres", "delivered") == 1
        finally:
            postgres.start()
        eventually(lambda: running.count("postgres", "delivered") == 39, 20)
        assert running.count("postgres", "error") is None
        assert rows(dsn, "SELECT count(*), count(DISTINCT decision_id) FROM predictions") == [(39, 39)]


def test_a_database_that_is_not_there_is_unavailable(tmp_path: Path) -> None:
    with pytest.raises(UnavailableError):
        deliver(PostgresSink(f"host={tmp_path} dbname=none"), prediction(1))


def test_migrations_run_once_and_in_order(postgres: Postgres) -> None:
    dsn = postgres.database()
    second = Migration(2, "0002_more.sql", "ALTER TABLE decisions ADD COLUMN more text", "2")
    with psycopg.connect(dsn, autocommit=True) as connection:
        assert migrate(connection) == ["0001_decisions.sql"]
        assert migrate(connection) == []
        assert migrate(connection, [*migrations(), second]) == ["0002_more.sql"]
        # An older release leaves what a newer one added.
        assert migrate(connection) == []
        changed = migrations()[0]._replace(sha256="other")
        with pytest.raises(MigrationError, match=r"0001_decisions.sql is not what was applied"):
            migrate(connection, [changed])


def test_a_migration_that_fails_leaves_nothing(postgres: Postgres) -> None:
    dsn = postgres.database()
    broken = Migration(2, "0002_broken.sql", "CREATE TABLE half (a int); SELECT nonsense", "2")
    with psycopg.connect(dsn, autocommit=True) as connection:
        with pytest.raises(psycopg.errors.UndefinedColumn):
            migrate(connection, [*migrations(), broken])
        assert migrate(connection) == ["0001_decisions.sql"]
