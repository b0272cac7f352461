"""`fraudline explain`: the same decision, wherever it is found and however it is shown."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import boto3
import msgspec
import pytest
from click.testing import CliRunner, Result
from moto import mock_aws

from feature_groups import FEATURE_NAMES
from feature_groups.names import Names
from fraudline import main
from inference.decision_log import Spool
from inference.decision_log.past.audit import day_of
from inference.decision_log.past.postgres import Postgres as Database
from inference.decision_log.pieces import Piece
from inference.decision_log.sinks.audit import AuditSink
from inference.decision_log.sinks.postgres import PostgresSink
from inference.decision_log.sinks.stores import store
from inference.predictions import Prediction
from processing.lake.audit import AUDIT_PREFIX
from tests.inference.decision_log.postgres import Postgres
from tests.inference.decision_log.records import prediction

# Decision ids say their time: 2026-03-01T12:34:57.001Z.
TOLD = "d-19ca9650969-0a1b2c3d-0"
RECORDS = [
    prediction(1, decision_id=TOLD),
    prediction(2),
    prediction(3, transaction_id="t-2", decided_at="2026-03-03T00:00:00.000Z", decision="decline"),
    prediction(
        4, decided_by="rules", fallback_reason="no model is deployed", fraud_probability=None,
        features_used=None, contributions=None, reasons=[], signals=None, features_as_of=None,
        decision_id="d-4", user_id="<b>u</b>",
    ),
]  # fmt: skip


def run(*arguments: str) -> Result:
    return CliRunner().invoke(main, ["explain", *arguments])


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An audit in a folder."""
    path = tmp_path_factory.mktemp("audit")
    AuditSink(store(str(path)), 60).deliver([Piece("seg", 0, FEATURE_NAMES, RECORDS)])
    return path


@pytest.fixture
def spool(tmp_path: Path) -> Iterator[Path]:
    writer = Spool(tmp_path / "spool", "w", 1 << 22)
    writer.append(RECORDS)
    yield tmp_path / "spool"
    writer.close()


def documents(*arguments: str) -> list[dict[str, Any]]:
    result = run(*arguments, "--json")
    assert result.exit_code == 0, result.output
    found: list[dict[str, Any]] = json.loads(result.stdout)
    return found


def without_source(document: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in document.items() if name != "source"}


@pytest.mark.slow
def test_every_place_remembers_the_same(folder: Path, spool: Path, postgres: Postgres) -> None:
    dsn = postgres.database()
    sink = PostgresSink(dsn)
    sink.deliver([Piece("seg", 0, FEATURE_NAMES, RECORDS)])
    sink.close()
    for record in RECORDS:
        (from_audit,) = documents(record.decision_id, "--audit", str(folder))
        (from_spool,) = documents(record.decision_id, "--spool", str(spool))
        (from_database,) = documents(record.decision_id, "--postgres", dsn)
        assert without_source(from_audit) == without_source(from_spool) == without_source(from_database)
    assert Database(dsn).find("nothing") == []


def test_what_is_shown_is_what_was_recorded(folder: Path) -> None:
    (found,) = documents(TOLD, "--audit", str(folder))
    record: dict[str, Any] = msgspec.to_builtins(
        dict(zip(Prediction.__struct_fields__, msgspec.structs.astuple(RECORDS[0]), strict=True))
    )
    same = [name for name in record if name in found and name not in ("contributions",)]
    assert len(same) > 20
    assert {name: found[name] for name in same} == {name: record[name] for name in same}
    assert found["features"][FEATURE_NAMES[3]] is None
    assert found["bias"] + sum(found["contributions"].values()) == pytest.approx(math.log(0.41 / 0.59))


def test_a_transaction_has_all_its_decisions_the_last_first(spool: Path) -> None:
    found = documents("t-2", "--spool", str(spool))
    assert [one["decision"] for one in found] == ["decline", "review"]
    result = run("t-2", "--spool", str(spool))
    assert "2 decisions on this transaction" in result.output


def test_the_days_of_an_audit_are_searched_newest_first_or_one_alone(folder: Path) -> None:
    (found,) = documents("t-2", "--audit", str(folder))
    assert found["decision"] == "decline"
    (found,) = documents("t-2", "--audit", str(folder), "--day", "2026-03-01")
    assert found["decision"] == "review"


def test_the_text_says_decision_reasons_rules_and_features(folder: Path) -> None:
    result = run(TOLD, "--audit", str(folder), "--features")
    assert result.exit_code == 0, result.output
    for expected in (
        "review, by the model: score 0.4100 (review from 0.4, decline from 0.9)",
        "1. many purchases: raises the risk  [+1.250]",
        "rules that matched         velocity",
        "shadow rules that matched  night",
        "address      nothing in time",
        "profile never seen",
        "123.45 EUR",
    ):
        assert expected in result.output
    lines = result.output.splitlines()
    assert sum(bool(re.match(rf"  {name} ", line)) for name in FEATURE_NAMES for line in lines) >= 50


def test_the_text_of_the_rules_says_why_they_decided(folder: Path) -> None:
    result = run("d-4", "--audit", str(folder), "--features")
    assert result.output.splitlines()[0] == "review, by the rules: no model is deployed"


def test_the_page_stands_alone_and_draws_every_bar(folder: Path, tmp_path: Path) -> None:
    page = tmp_path / "page.html"
    assert run(TOLD, "--audit", str(folder), "--html", str(page)).exit_code == 0
    text = page.read_text()
    assert "http" not in text.replace("http://www.w3.org/2000/svg", "")
    assert "<script" not in text
    picture = text[text.index("<svg") : text.index("</svg>") + 6]
    svg = ElementTree.fromstring(picture)
    bars = svg.findall("{http://www.w3.org/2000/svg}rect")
    assert len(bars) == 22  # 20 features, the others, the start
    assert text.count("<tr><td>") == 50
    # Longest first, and each as long as its contribution.
    widths = [float(bar.attrib["width"]) for bar in bars[:20]]
    assert widths == sorted(widths, reverse=True)
    assert widths[0] == 170.0
    assert widths[10] == pytest.approx(170 * (1 - 10 / 49), abs=4)


def test_a_page_of_the_rules_escapes_what_customers_sent(folder: Path, tmp_path: Path) -> None:
    page = tmp_path / "page.html"
    assert run("d-4", "--audit", str(folder), "--html", str(page)).exit_code == 0
    text = page.read_text()
    assert "&lt;b&gt;u&lt;/b&gt;" in text
    assert "<svg" not in text


def test_the_lake_of_the_environment_is_the_default(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "test")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "eu-west-1")
    monkeypatch.setenv("FRAUDLINE_STATE_DIR", "/nowhere")
    bucket = Names("test").lake_bucket("123456789012", "eu-west-1")
    with mock_aws():
        boto3.client("s3").create_bucket(
            Bucket=bucket, CreateBucketConfiguration={"LocationConstraint": "eu-west-1"}
        )
        sink = AuditSink(store(f"s3://{bucket}/{AUDIT_PREFIX}"), 60)
        sink.deliver([Piece("seg", 0, FEATURE_NAMES, RECORDS)])
        (found,) = documents(TOLD, "--environment", "test")
        assert found["source"] == f"s3://{bucket}/{AUDIT_PREFIX}date=2026-03-01/seg-000000000000.parquet"
        result = run(TOLD, "--environment", "other")
        assert result.exit_code == 1
        assert "NoSuchBucket" in result.output


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["d-nothing"], "no decision or transaction 'd-nothing': check the id"),
        (["t-1", "--day", "2026-04-01"], "try another --day"),
        (["t-1", "--day", "tomorrow"], "does not match the format"),
        (["t-1", "--environment", "Not An Environment"], "lower-case"),
    ],
)
def test_what_is_not_there_is_said_with_what_to_try(folder: Path, arguments: list[str], message: str) -> None:
    result = run(*arguments, "--audit", str(folder))
    assert result.exit_code != 0
    assert message in result.output


def test_places_that_cannot_be_read_are_said(tmp_path: Path) -> None:
    assert "is no folder" in run("t-1", "--audit", str(tmp_path / "none")).output
    assert "name the folder of a spool" in run("t-1", "--spool", str(tmp_path / "none")).output
    assert "PostgreSQL: " in run("t-1", "--postgres", f"host={tmp_path} dbname=none").output
    (tmp_path / "date=2026-03-01").mkdir()
    (tmp_path / "date=2026-03-01" / "seg-0.parquet").write_bytes(b"not Parquet")
    assert "is no Parquet file" in run("t-1", "--audit", str(tmp_path)).output


def test_ids_say_their_day() -> None:
    assert str(day_of(TOLD)) == "2026-03-01"
    for other in ("t-1", "d-00000001", "d-zzzzzzzzzzz-1-1", ""):
        assert day_of(other) is None
