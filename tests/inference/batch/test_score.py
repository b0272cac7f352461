"""`fraudline score`: the endpoint's decisions for files and for standard input."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest
import xgboost
from click.testing import CliRunner, Result

from feature_groups import FEATURE_NAMES
from inference.commands.score import score
from processing.commands.features import features
from processing.generator import Scenario, generate
from tests.inference.running import GOOD


@pytest.fixture(scope="module")
def source(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("generated")
    generate(Scenario(events=1_500, days=5)).write(folder)
    return folder


def _run(*arguments: object, stdin: str | None = None) -> Result:
    return CliRunner().invoke(score, [str(one) for one in arguments], input=stdin)


def _decided(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text().splitlines()]


def test_scores_are_the_models_on_the_batchs_features(bundle_dir: Path, source: Path, tmp_path: Path) -> None:
    out, table = tmp_path / "d.jsonl", tmp_path / "f.parquet"
    result = _run("--source", source, "--model", bundle_dir, "--model-version", "v1", "--out", out, "--json")
    assert result.exit_code == 0, result.output
    assert json.loads(result.output)["decided"] == 1_500
    command = ["--source", str(source), "--out", str(table)]
    assert CliRunner().invoke(features, command).exit_code == 0
    expected = pq.read_table(table)
    matrix = expected.select(list(FEATURE_NAMES)).to_pandas().to_numpy()
    booster = xgboost.Booster(model_file=bundle_dir / "model.ubj")
    scores = booster.predict(xgboost.DMatrix(matrix, feature_names=list(FEATURE_NAMES)))
    decided = _decided(out)
    assert [one["transaction_id"] for one in decided] == expected["transaction_id"].to_pylist()
    assert [one["fraud_probability"] for one in decided] == pytest.approx(scores.tolist(), abs=1e-6)
    assert {one["model_version"] for one in decided} == {"v1"}


def test_routes_part_a_log_without_losing_anything(bundle_dir: Path, source: Path, tmp_path: Path) -> None:
    found = {}
    for route in ("all", "realtime", "batch"):
        out = tmp_path / f"{route}.jsonl"
        assert _run("--source", source, "--model", bundle_dir, "--route", route, "--out", out).exit_code == 0
        found[route] = {one["transaction_id"]: one["fraud_probability"] for one in _decided(out)}
    assert found["realtime"]
    assert found["batch"]
    assert found["realtime"] | found["batch"] == found["all"]
    assert not set(found["realtime"]) & set(found["batch"])


def test_parquet_holds_the_same_decisions(bundle_dir: Path, source: Path, tmp_path: Path) -> None:
    lines, table = tmp_path / "d.jsonl", tmp_path / "d.parquet"
    for out in (lines, table):
        assert _run("--source", source, "--model", bundle_dir, "--limit", 300, "--out", out).exit_code == 0
    rows = pq.read_table(table).to_pylist()
    assert len(rows) == 300
    for row, line in zip(rows, _decided(lines), strict=True):
        assert (row["transaction_id"], row["decision"]) == (line["transaction_id"], line["decision"])
        assert row["score"] == line["fraud_probability"]
        assert row["reasons"] == [reason["text"] for reason in line["reasons"]]


def test_standard_input_is_history_for_itself_and_a_bad_line_stops_nothing(bundle_dir: Path) -> None:
    later = GOOD | {"transaction_id": "t-2", "timestamp": "2026-03-01T12:40:00Z"}
    lines = [json.dumps(GOOD), '{"user_id": 7}', json.dumps(later)]
    result = _run("--source", "-", "--model", bundle_dir, stdin="\n".join(lines))
    assert result.exit_code == 1
    first, second = [json.loads(line) for line in result.stdout.splitlines()]
    assert first["features_used"]["user_transaction_count_1h"] == 0
    assert second["features_used"]["user_transaction_count_1h"] == 1
    assert "line 2: " in result.stderr
    assert "1 refused" in result.stderr


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--source", "-", "--limit", "3"], "need a file"),
        (["--source", "SOURCE", "--model", "EMPTY"], "no model there"),
        (["--source", "FILE"], "--columns"),
    ],
)
def test_what_cannot_work_is_said(
    bundle_dir: Path, source: Path, tmp_path: Path, arguments: list[str], said: str
) -> None:
    (tmp_path / "x.parquet").write_bytes(b"")
    places = {"SOURCE": source, "EMPTY": tmp_path, "FILE": tmp_path / "x.parquet"}
    given = [str(places.get(one, one)) for one in arguments]
    if "--model" not in given:
        given += ["--model", str(bundle_dir)]
    result = _run(*given)
    assert result.exit_code != 0
    assert said in result.output
