"""``fraudline policy`` on real files: what people type, and what they read."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from click.testing import CliRunner, Result

from feature_groups import FEATURE_NAMES
from fraudline import main
from inference import bundle, policy
from inference.policy import Facts
from inference.policy.comparison import log
from inference.settings import DEFAULT_POLICY
from processing.generator.generate import generate
from processing.generator.scenario import Scenario
from tests.inference.signals.bureaus import DECLARED


def _run(*arguments: str | Path) -> Result:
    return CliRunner().invoke(main, ["policy", *map(str, arguments)])


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("data")
    generate(Scenario(events=3000, users=150, merchants=40, days=20, fraud_rate=0.02, seed=4)).write(folder)
    return folder


def test_check_says_that_a_policy_is_fine() -> None:
    result = _run("check", DEFAULT_POLICY, "--signals", DECLARED)
    assert result.exit_code == 0, result.output
    assert "fine, version 2026-11" in result.output
    assert "11 live and 2 shadow rules" in result.output
    assert "10 live and 3 shadow rules" in _run("check", DEFAULT_POLICY).output


def test_check_names_every_problem(tmp_path: Path) -> None:
    path = tmp_path / "policy.toml"
    path.write_text('version = ""\nlist.x.file = "absent.txt"\n')
    result = _run("check", path)
    assert result.exit_code == 1
    assert "version: give the file a version" in result.output
    assert "list 'x': file" in result.output
    told = _run("check", path, "--json")
    document = json.loads(told.output)
    assert (told.exit_code, document["fine"], len(document["problems"])) == (1, False, 2)
    path.write_text('version = "1"')
    fine = json.loads(_run("check", path, "--json").output)
    assert (fine["fine"], fine["version"]) == (True, policy.load(path).version)


def test_show_prints_rules_and_routes() -> None:
    text = _run("show").output
    assert "amount above 10,000 and currency one of EUR, USD" in text
    assert "everything else: batch" in text
    shown = json.loads(_run("show", DEFAULT_POLICY, "--json").output)
    assert shown["version"] == policy.load(DEFAULT_POLICY).version
    assert shown["rules"][0]["decision"] == "decline"
    assert shown["routes"]["realtime"]["amount"] == "amount at least 100"


def test_route_replays_a_log_with_a_model(data: Path, bundle_dir: Path, tmp_path: Path) -> None:
    result = _run("route", "--source", data, "--model", bundle_dir, "--out", tmp_path, "--json")
    assert result.exit_code == 0, result.output
    document = json.loads(result.output)
    assert json.loads((tmp_path / "routing.json").read_text()) == document
    assert (tmp_path / "routing.svg").read_text().startswith("<svg")
    choices = {choice["name"]: choice for choice in document["choices"]}
    assert choices["this policy"] == choices["this policy"] | _by_hand(data, bundle_dir)
    assert choices["all in real time"]["realtime"] == choices["all in batch"]["batch"] == 3000
    assert choices["all in batch"]["in_time"] == 0
    assert document["unscored"] == 0


def _by_hand(data: Path, model: Path) -> dict[str, Any]:
    """The counts of the default policy, one transaction after the other."""
    loaded, rules = bundle.load(model), policy.load(DEFAULT_POLICY)
    assert loaded is not None
    realtime = in_time = late = missed = 0
    for batch in log.replay(log.read(data, None), None, 0):
        for transaction, vector, fraud in zip(batch.transactions, batch.vectors, batch.fraud, strict=True):
            row = vector.astype(np.float32).reshape(1, -1)
            score = float(loaded.booster.inplace_predict(row, missing=np.nan)[0])
            facts = Facts(transaction, vector.tolist())
            flagged = rules.decide(facts, score, loaded.thresholds).decision != "approve"
            now = rules.route(facts) == "realtime"
            realtime += now
            in_time += fraud and flagged and now
            late += fraud and flagged and not now
            missed += fraud and not flagged
    assert 0 < realtime < 3000
    assert missed + in_time + late == 60
    return {"realtime": realtime, "in_time": in_time, "late": late, "missed": missed}


def test_route_takes_scores_of_a_file(data: Path, tmp_path: Path) -> None:
    truth = pq.read_table(data / "truth.parquet")
    scores = pa.table(
        {"transaction_id": truth["transaction_id"], "score": truth["is_fraud"].cast("int8").cast("float64")}
    )
    path = tmp_path / "scores.parquet"
    pq.write_table(scores.slice(0, 2900), path)
    arguments = ("route", "--source", data, "--scores", path, "--review", "0.5", "--decline", "0.9")
    result = _run(*arguments)
    assert result.exit_code == 0, result.output
    assert "3,000 transactions, 60 frauds" in result.output
    assert "100 have no score" in result.output
    assert _run(*arguments[:5]).exit_code == 2
    document = json.loads(_run(*arguments, "--json", "--realtime-usd", "5", "--batch-usd", "1").output)
    assert document["choices"][0]["usd_per_million"] == pytest.approx(5)
    assert document["choices"][-1]["usd_per_million"] == pytest.approx(1)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((), "give either --model or --scores"),
        (("--model", "{empty}"), "holds no model"),
        (("--model", "{model}", "--since", "soon"), "write it like 2026-03-01"),
        (("--model", "{model}", "--since", "2100-01-01"), "give an earlier --since"),
        (("--scores", "{other}", "--review", "0.1", "--decline", "0.2"), "has no column score"),
    ],
)
def test_route_says_what_is_missing(
    data: Path, bundle_dir: Path, tmp_path: Path, arguments: tuple[str, ...], message: str
) -> None:
    places = {"empty": tmp_path, "model": bundle_dir, "other": data / "truth.parquet"}
    result = _run("route", "--source", data, *(argument.format(**places) for argument in arguments))
    assert result.exit_code != 0
    assert message in result.output


def test_a_file_needs_its_column_map(data: Path, bundle_dir: Path) -> None:
    result = _run("route", "--source", data / "transactions.parquet", "--model", bundle_dir)
    assert "name its column map with --columns" in result.output


def test_earlier_transactions_only_make_history(data: Path) -> None:
    dataset = log.read(data, None)
    whole = np.concatenate([batch.vectors for batch in log.replay(dataset, None, 0)])
    middle = dataset.transactions["timestamp"][1500].value
    later = list(log.replay(dataset, None, middle))
    vectors = np.concatenate([batch.vectors for batch in later])
    assert later[0].transactions[0].timestamp_ms >= middle
    assert whole.shape[1] == len(FEATURE_NAMES)
    np.testing.assert_array_equal(vectors, whole[-len(vectors) :])
