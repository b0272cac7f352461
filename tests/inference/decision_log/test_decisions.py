"""`fraudline decisions`: counted by hand, and against a brute force over generated decisions."""

from __future__ import annotations

import json
import random
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from click.testing import CliRunner, Result

from feature_groups import FEATURE_NAMES
from fraudline import main
from inference.decision_log.pieces import Piece
from inference.decision_log.sinks.audit import AuditSink
from inference.decision_log.sinks.postgres import PostgresSink
from inference.decision_log.sinks.stores import store
from inference.predictions import Prediction
from processing.costs import DEFAULTS, Cost, CostError, costs
from processing.lake.schema import LABELS
from tests.inference.decision_log.postgres import Postgres
from tests.inference.decision_log.records import prediction

SINCE = "2026-03-01T00:00:00Z"
PERIOD = ("--since", SINCE, "--until", "2026-03-03T00:00:00Z")


def run(*arguments: str) -> Result:
    return CliRunner().invoke(main, ["decisions", *arguments])


def report(*arguments: str) -> dict[str, Any]:
    result = run(*PERIOD, *arguments, "--json")
    assert result.exit_code == 0, result.output
    found: dict[str, Any] = json.loads(result.stdout)
    return found


def write_audit(folder: Path, records: Sequence[Prediction]) -> str:
    AuditSink(store(str(folder)), 60).deliver([Piece("seg", 0, FEATURE_NAMES, records)])
    return str(folder)


def write_labels(path: Path, labels: dict[str, bool], known: str = "2026-03-09T00:00:00Z") -> str:
    path.parent.mkdir(parents=True, exist_ok=True)
    moment = datetime.fromisoformat(known)
    rows = [
        {"transaction_id": name, "is_fraud": fraud, "confidence": 1.0, "investigation_complete_time": moment}
        for name, fraud in labels.items()
    ]
    pq.write_table(pa.Table.from_pylist(rows, LABELS), path)
    return str(path)


@pytest.fixture
def by_hand(tmp_path: Path) -> tuple[str, ...]:
    """Six transactions: two frauds stopped, one approved, a legitimate one declined, two approved."""
    records = [
        prediction(1, decision="decline", amount=100.0, rules_live=["velocity"], rules_shadow=[]),
        prediction(2, decision="review", amount=50.0, rules_live=[], rules_shadow=["night"]),
        prediction(3, decision="approve", amount=30.0, rules_live=[], rules_shadow=["night"]),
        prediction(4, decision="decline", amount=200.0, rules_live=["velocity", "geo"], model_version=None),
        prediction(5, decision="approve", amount=10.0, rules_live=[], rules_shadow=[]),
        prediction(6, decision="decline", amount=20.0, rules_live=[], rules_shadow=[]),
        # Asked again: the last decision counts.
        prediction(
            7, transaction_id="t-6", decision="approve", amount=20.0, rules_live=[], rules_shadow=[],
            decided_at="2026-03-02T10:00:00.000Z",
        ),
        prediction(8, decided_at="2026-03-03T00:00:00.000Z"),  # after the period
    ]  # fmt: skip
    labels = {"t-1": True, "t-2": True, "t-3": True, "t-4": False, "t-99": True}
    return (
        "--audit", write_audit(tmp_path / "audit", records),
        "--labels", write_labels(tmp_path / "labels.parquet", labels),
    )  # fmt: skip


def test_counted_by_hand(by_hand: tuple[str, ...]) -> None:
    found = report(*by_hand, "--cost", "review/fraud=4", "--cost", "decline/legitimate=5+0.1x")
    assert (found["decisions"], found["transactions"], found["labelled"]) == (7, 6, 4)
    overall = found["overall"]
    assert (overall["fraud"], overall["legitimate"], overall["open"]) == (3, 3, 0)
    assert (overall["true_alarms"], overall["false_alarms"]) == (2, 1)
    assert (overall["precision"], overall["recall"]) == (round(2 / 3, 6), round(2 / 3, 6))
    # 100 and 50 stopped, a review for 4, and the false decline for 5 + 20.
    assert overall["money"] == {
        "EUR": {
            "fraud_stopped": 150.0, "fraud_approved": 30.0, "false_positive_cost": 25.0, "saved": 121.0,
            "would_save": None,
        }
    }  # fmt: skip
    by_decision = found["by_decision"]
    assert {name: (one["precision"], one["recall"]) for name, one in by_decision.items()} == {
        "approve": (round(1 / 3, 6), round(1 / 3, 6)),
        "review": (1.0, round(1 / 3, 6)),
        "decline": (0.5, round(1 / 3, 6)),
    }
    live, shadow = found["by_rule"]["live"], found["by_rule"]["shadow"]
    assert {name: (one["picked"], one["precision"]) for name, one in live.items()} == {
        "velocity": (2, 0.5), "geo": (1, 0.0),
    }  # fmt: skip
    assert live["geo"]["money"]["EUR"]["saved"] == -25.0
    # The shadow rule matched the fraud that was approved (30), the one in review (50), and the false decline.
    assert shadow["night"]["picked"] == 3
    assert shadow["night"]["money"]["EUR"] == {
        "fraud_stopped": 50.0, "fraud_approved": 30.0, "false_positive_cost": 25.0, "saved": 21.0,
        "would_save": 55.0,
    }  # fmt: skip
    versions = found["by_model_version"]
    assert {name: (one["decisions"], one["recall"]) for name, one in versions.items()} == {
        "7": (5, round(2 / 3, 6)), "no model": (1, None),
    }  # fmt: skip


def test_what_has_no_label_is_open_until_it_is_settled(tmp_path: Path) -> None:
    now = datetime.now(UTC)
    records = [
        prediction(age, decided_at=(now - timedelta(days=age)).isoformat(timespec="milliseconds"))
        for age in (1, 3, 9)
    ]
    audit = write_audit(tmp_path / "audit", records)
    labels = write_labels(tmp_path / "labels.parquet", {"t-3": False})
    result = run("--since", "10d", "--audit", audit, "--labels", labels, "--json")
    overall = json.loads(result.stdout)["overall"]
    assert (overall["legitimate"], overall["open"], overall["false_alarms"]) == (2, 1, 2)
    result = run("--since", "10d", "--audit", audit, "--labels", labels, "--settle-days", "0", "--json")
    assert json.loads(result.stdout)["overall"]["open"] == 0
    result = run("--since", "36h", "--audit", audit, "--labels", labels, "--json")
    assert json.loads(result.stdout)["transactions"] == 1


def test_the_last_label_counts_and_partitions_before_the_period_are_not_read(tmp_path: Path) -> None:
    audit = write_audit(tmp_path / "audit", [prediction(1), prediction(2)])
    labels = tmp_path / "labels"
    write_labels(labels / "date=2026-03-05" / "a.parquet", {"t-1": True, "t-2": True}, "2026-03-05T00:00:00Z")
    write_labels(labels / "date=2026-03-04" / "b.parquet", {"t-1": False}, "2026-03-04T00:00:00Z")
    write_labels(labels / "date=2026-03-08" / "c.parquet", {"t-2": False}, "2026-03-08T00:00:00Z")
    (labels / "date=2026-02-28").mkdir()
    (labels / "date=2026-02-28" / "d.parquet").write_bytes(b"never read")
    overall = report("--audit", audit, "--labels", str(labels))["overall"]
    assert (overall["fraud"], overall["legitimate"]) == (1, 1)


def test_currencies_are_never_added(tmp_path: Path) -> None:
    records = [
        prediction(1, amount=10.0),
        prediction(2, amount=7.0, currency="JPY"),
        prediction(3, currency=None),
    ]
    audit = write_audit(tmp_path / "audit", records)
    labels = write_labels(tmp_path / "labels.parquet", {"t-1": True, "t-2": True})
    money = report("--audit", audit, "--labels", labels)["overall"]["money"]
    assert {name: one["saved"] for name, one in money.items()} == {"EUR": 7.0, "JPY": 4.0, "unknown": -3.0}


def test_every_figure_against_a_brute_force(tmp_path: Path) -> None:
    rng = random.Random(7)
    records = [
        prediction(
            number,
            decision=rng.choice(["approve", "review", "decline"]),
            amount=rng.randrange(1, 100_000) / 100,
            currency=rng.choice(["EUR", "USD"]),
            model_version=rng.choice(["7", "8"]),
            rules_live=rng.sample(["a", "b", "c"], rng.randrange(4)),
            rules_shadow=rng.sample(["x", "y"], rng.randrange(3)),
        )
        for number in range(400)
    ]
    frauds = {f"t-{number}" for number in range(400) if rng.random() < 0.2}
    audit = write_audit(tmp_path / "audit", records)
    labels = write_labels(tmp_path / "labels.parquet", dict.fromkeys(frauds, True))
    found = report("--audit", audit, "--labels", labels, "--shadow-as", "review")

    def cost(record: Prediction, decision: str) -> float:
        assert record.amount is not None
        one = DEFAULTS[decision, "fraud" if record.transaction_id in frauds else "legitimate"]
        return one.fixed + one.part * record.amount

    def check(group: dict[str, Any], rows: list[Prediction], alarms: list[Prediction], base: int) -> None:
        true = sum(row.transaction_id in frauds for row in alarms)
        assert (group["decisions"], group["picked"], group["true_alarms"]) == (len(rows), len(alarms), true)
        assert group["precision"] == round(true / len(alarms), 6)
        assert group["recall"] == round(true / base, 6)
        for currency, money in group["money"].items():
            mine = [row for row in rows if row.currency == currency]
            saved = sum(cost(row, "approve") - cost(row, row.decision) for row in mine)
            assert money["saved"] == pytest.approx(saved, abs=0.01)
            if money["would_save"] is not None:
                would = sum(cost(row, "approve") - cost(row, "review") for row in mine)
                assert money["would_save"] == pytest.approx(would, abs=0.01)

    def stopped(rows: list[Prediction]) -> list[Prediction]:
        return [row for row in rows if row.decision != "approve"]

    check(found["overall"], records, stopped(records), len(frauds))
    for version, group in found["by_model_version"].items():
        rows = [row for row in records if row.model_version == version]
        check(group, rows, stopped(rows), sum(row.transaction_id in frauds for row in rows))
    for decision, group in found["by_decision"].items():
        rows = [row for row in records if row.decision == decision]
        check(group, rows, rows, len(frauds))
    for kind in ("live", "shadow"):
        for rule, group in found["by_rule"][kind].items():
            rows = [row for row in records if rule in getattr(row, f"rules_{kind}")]
            check(group, rows, rows, len(frauds))
            assert (group["money"]["EUR"]["would_save"] is None) == (kind == "live")
    assert set(found["by_rule"]["live"]) == {"a", "b", "c"}


def test_the_table_and_the_picture_show_every_group(by_hand: tuple[str, ...], tmp_path: Path) -> None:
    picture = tmp_path / "saved.svg"
    result = run(*PERIOD, *by_hand, "--svg", str(picture))
    assert result.exit_code == 0, result.output
    for word in (
        "all ",
        "rule velocity",
        "shadow rule night",
        "model no model",
        "66.7 %",
        "7 decisions on 6 transactions",
    ):
        assert word in result.output.replace("\n", " ")
    # Overall, three decisions, two versions, two live rules and one in the shadow.
    assert picture.read_text().count('class="bar"') == 9


def test_a_period_without_decisions_is_an_empty_report(tmp_path: Path) -> None:
    audit = write_audit(tmp_path / "audit", [prediction(1)])
    labels = write_labels(tmp_path / "labels.parquet", {"t-1": True})
    result = run("--since", "2026-04-01", "--audit", audit, "--labels", labels, "--json")
    found = json.loads(result.stdout)
    assert (found["transactions"], found["overall"]["precision"], found["by_decision"]) == (0, None, {})
    assert run("--since", "2026-04-01", "--audit", audit, "--labels", labels).exit_code == 0


@pytest.mark.slow
def test_the_database_says_the_same(by_hand: tuple[str, ...], tmp_path: Path, postgres: Postgres) -> None:
    dsn = postgres.database()
    audit, labels = by_hand[1], by_hand[3]
    table = pq.read_table(audit, columns=["decision_id"])
    assert table.num_rows == 8
    sink = PostgresSink(dsn)
    records = [
        prediction(1, decision="decline", amount=100.0, rules_live=["velocity"], rules_shadow=[]),
        prediction(2, decision="review", amount=50.0, rules_live=[], rules_shadow=["night"]),
    ]
    sink.deliver([Piece("seg", 0, FEATURE_NAMES, records)])
    sink.close()
    both = [
        report("--labels", labels, "--postgres", dsn),
        report("--labels", labels, "--audit", write_audit(tmp_path / "same", records)),
    ]
    assert both[0] == both[1]
    assert both[0]["overall"]["true_alarms"] == 2


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--since", "yesterday"], "expected a time like"),
        (["--since", SINCE, "--until", "2026-02-01"], "is not before --until"),
        (["--since", SINCE, "--cost", "review/fraud"], "write DECISION/TRUTH"),
        (["--since", SINCE, "--cost", "review/fraud="], "write DECISION/TRUTH"),
        (["--since", SINCE, "--cost", "refund/fraud=3"], "there is no refund/fraud"),
    ],
)
def test_what_does_not_fit_is_said(by_hand: tuple[str, ...], arguments: list[str], message: str) -> None:
    result = run(*arguments, *by_hand)
    assert result.exit_code == 2
    assert message in " ".join(result.output.split())


def test_files_that_are_no_labels_are_said(by_hand: tuple[str, ...], tmp_path: Path) -> None:
    (tmp_path / "none.parquet").write_bytes(b"no")
    assert (
        "is no Parquet file of labels"
        in run(*PERIOD, *by_hand[:2], "--labels", str(tmp_path / "none.parquet")).output
    )
    pq.write_table(pa.table({"transaction_id": ["t-1"]}), tmp_path / "half.parquet")
    assert (
        "no column is_fraud" in run(*PERIOD, *by_hand[:2], "--labels", str(tmp_path / "half.parquet")).output
    )


def test_costs_are_written_as_they_are_read() -> None:
    assert costs(["decline/legitimate=0.5x", "review/fraud=2.25"])["decline", "legitimate"] == Cost(0.0, 0.5)
    written = [f"{'/'.join(cell)}={cost}" for cell, cost in DEFAULTS.items()]
    assert costs(written) == DEFAULTS
    with pytest.raises(CostError):
        costs(["review/fraud=-1"])
