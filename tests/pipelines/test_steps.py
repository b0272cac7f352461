"""The three steps as their containers run them: subprocesses on packed code."""

from __future__ import annotations

import json
import re
import shutil
import tarfile
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import xgboost as xgb

from feature_groups import FEATURE_NAMES
from pipelines.bundles import CodeBundles
from pipelines.definition import nightly_definition
from pipelines.steps.metrics_log import METRIC_PATTERNS
from tests.pipelines import lake
from tests.pipelines.conftest import EVALUATE, Containers, run_step
from tests.pipelines.test_definition import INPUTS, walk

PNG = b"\x89PNG\r\n\x1a\n"


def report(run: Containers) -> dict[str, Any]:
    file = run.evaluation / "processing" / "output" / "evaluation" / "evaluation.json"
    document: dict[str, Any] = json.loads(file.read_text())
    return document


def manifest(opt_ml: Path) -> dict[str, Any]:
    file = opt_ml / "processing" / "output" / "manifest" / "manifest.json"
    document: dict[str, Any] = json.loads(file.read_text())
    return document


def test_the_splits_follow_one_another_in_time(run: Containers) -> None:
    found = manifest(run.features)
    splits = found["splits"]
    assert splits["train"]["end"] == splits["validation"]["start"]
    assert splits["validation"]["end"] == splits["test"]["start"]
    assert splits["test"]["end"] == "2026-02-22T02:00:00.000Z"
    for name, split in splits.items():
        rows = pd.read_parquet(run.features / "processing" / "output" / name / f"{name}.parquet")
        assert rows["timestamp"].between(split["start"], split["end"], inclusive="left").all()
        assert len(rows) == split["rows"]
        assert int(rows["is_fraud"].sum()) == split["frauds"]
        assert list(rows.columns)[-50:] == list(FEATURE_NAMES)


def test_the_model_finds_the_fraud(run: Containers) -> None:
    found = report(run)
    assert found["binary_classification_metrics"]["auc"]["value"] > 0.9
    assert found["fraud_metrics"]["average_precision"] > 0.5
    test = found["dataset"]["splits"]["test"]
    decided = found["fraud_metrics"]["decisions"].values()
    assert sum(item["transactions"] for item in decided) == test["rows"]
    assert sum(item["frauds"] for item in decided) == test["frauds"]
    assert 0 < found["serving"]["p50_ms"] <= found["serving"]["p99_ms"]


def test_the_real_server_answered_with_the_new_model(run: Containers) -> None:
    found = report(run)["serving"]
    assert found["requests"] == 500
    assert 0 < found["p50_ms"] <= found["p95_ms"] <= found["p99_ms"]
    assert report(run)["gate"]["failed"] == 0


def test_figures_have_intervals_that_contain_them(run: Containers) -> None:
    found = report(run)
    intervals = found["intervals"]
    assert intervals["auc"]["value"] == pytest.approx(found["binary_classification_metrics"]["auc"]["value"])
    precision = found["fraud_metrics"]["average_precision"]
    assert intervals["average_precision"]["value"] == pytest.approx(precision)
    assert intervals["card_precision_at_100"]["value"] == pytest.approx(
        found["fraud_metrics"]["card_precision"]["value"]
    )
    assert intervals["saved"]["value"] == pytest.approx(found["money"][0]["saved"], abs=0.01)
    for name, one in intervals.items():
        assert one["low"] <= one["value"] <= one["high"], name


def test_the_bundle_is_what_the_server_loads(run: Containers) -> None:
    folder = run.training / "model"
    bundle = json.loads((folder / "bundle.json").read_text())
    assert bundle["feature_names"] == list(FEATURE_NAMES)
    assert 0 < bundle["thresholds"]["review"] <= bundle["thresholds"]["decline"] < 1
    assert bundle["trained_at_as_of"] == "2026-03-01T02:00:00.000Z"
    assert bundle["training_window"]["start"] == "2026-01-20T02:00:00.000Z"
    booster = xgb.Booster(model_file=folder / "model.ubj")
    assert booster.feature_names == list(FEATURE_NAMES)
    score = booster.inplace_predict(np.full((1, 50), np.nan, dtype=np.float32), missing=np.nan)
    assert 0 < float(score[0]) < 1


def test_the_log_carries_every_metric(run: Containers) -> None:
    log = (run.training / "stdout").read_text()
    bundle = json.loads((run.training / "model" / "bundle.json").read_text())
    for name, pattern in METRIC_PATTERNS.items():
        found = re.search(pattern, log)
        assert found is not None, name
        assert float(found[1]) == pytest.approx(bundle["metrics"][name], rel=1e-5)


def test_the_pictures_are_pictures(run: Containers) -> None:
    folder = run.evaluation / "processing" / "output" / "evaluation"
    for name in ("roc.png", "precision_recall.png"):
        assert (folder / name).read_bytes().startswith(PNG)


@pytest.mark.slow
def test_the_definition_reads_what_the_steps_write(run: Containers) -> None:
    read = {
        (node["Std:JsonGet"]["PropertyFile"]["Get"].rpartition(".")[2], node["Std:JsonGet"]["Path"])
        for node in walk(nightly_definition(INPUTS))
        if isinstance(node, dict) and "Std:JsonGet" in node
    }
    assert {("Evaluation", "gate.failed"), ("Champion", "package")} <= read
    quality = run.features / "processing" / "output" / "quality" / "quality.json"
    champion = run.evaluation / "processing" / "input" / "champion" / "champion.json"
    documents = {
        "Evaluation": report(run),
        "Quality": json.loads(quality.read_text()),
        "Champion": json.loads(champion.read_text()),
        "Serving": json.loads(
            (run.serving / "processing" / "output" / "serving" / "serving.json").read_text()
        ),
        "TrainingSet": manifest(run.features),
    }
    for name, path in read:
        value: Any = documents[name]
        for part in path.split("."):
            value = value[part]
        # Arguments, package metadata and messages are texts; what a condition compares is a number.
        text = "summary." in path or "sha256" in path or name == "Champion"
        assert isinstance(value, str if text else (int, float)), path


def test_training_again_gives_the_same_model(run: Containers, bundles: CodeBundles, tmp_path: Path) -> None:
    again = tmp_path / "training"
    again.mkdir()
    (again / "input").symlink_to(run.training / "input")
    code = tmp_path / "code"
    with tarfile.open(bundles.training) as archive:
        archive.extractall(code, filter="data")
    result = run_step([str(code / "train.py"), "--rounds", "120"], again, code)
    assert result.returncode == 0, result.stderr
    for name in ("model.ubj", "bundle.json"):
        assert (again / "model" / name).read_bytes() == (run.training / "model" / name).read_bytes()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--as-of", "yesterday"], "as-of: 'yesterday' names no night"),
        (["--as-of", lake.NIGHT, "--history-days", "20"], "history-days: 20 leaves nothing to train on"),
        (["--as-of", lake.NIGHT, "--test-days", "0"], "test-days: 0 is too small"),
    ],
)
def test_a_step_that_cannot_work_says_why(
    bundles: CodeBundles, tmp_path: Path, arguments: list[str], message: str
) -> None:
    result = run_step(["-m", "pipelines.steps.features", *arguments], tmp_path, bundles.processing)
    assert result.returncode == 65
    assert message in result.stderr
    assert (tmp_path / "output" / "message").read_text().startswith(message)
    assert (tmp_path / "output" / "failure").is_file()


@pytest.mark.parametrize(
    ("step", "message"),
    [
        (["-m", "pipelines.steps.train"], "manifest: .* does not exist"),
        (["-m", "pipelines.steps.serving"], "manifest: .* does not exist"),
        (EVALUATE, "manifest: .* does not exist"),
    ],
)
def test_a_missing_input_is_named(
    bundles: CodeBundles, tmp_path: Path, step: list[str], message: str
) -> None:
    result = run_step(step, tmp_path, bundles.processing)
    assert result.returncode == 65
    assert re.search(message, result.stderr)


@pytest.mark.parametrize(
    ("step", "option", "name"),
    [
        ("train", "--training-set-sha256", "manifest"),
        ("evaluate", "--training-set-sha256", "manifest"),
        ("evaluate", "--quality-sha256", "quality"),
    ],
)
def test_what_another_run_of_the_night_replaced_is_refused(
    run: Containers, bundles: CodeBundles, tmp_path: Path, step: str, option: str, name: str
) -> None:
    opt_ml = _inputs_of(run, step, tmp_path)
    command = ["-m", "pipelines.steps.train", "--rounds", "1"] if step == "train" else EVALUATE
    result = run_step([*command, option, "ab" * 32], opt_ml, bundles.processing)
    assert result.returncode == 65
    assert re.search(
        f"{name}: its content is [0-9a-f]{{12}}, not abababababab: another execution", result.stderr
    )
    expected = manifest(run.features)["quality_sha256" if name == "quality" else "sha256"]
    assert run_step([*command, option, expected], opt_ml, bundles.processing).returncode == 0


@pytest.mark.parametrize(("step", "split"), [("train", "validation"), ("evaluate", "test")])
def test_a_split_that_the_manifest_does_not_tell_of_is_refused(
    run: Containers, bundles: CodeBundles, tmp_path: Path, step: str, split: str
) -> None:
    opt_ml = _inputs_of(run, step, tmp_path)
    (file,) = opt_ml.rglob(f"{split}.parquet")
    rows = pd.read_parquet(file)
    rows["is_fraud"] = 1 - rows["is_fraud"]
    rows.to_parquet(file, index=False)
    command = ["-m", "pipelines.steps.train"] if step == "train" else EVALUATE
    result = run_step(command, opt_ml, bundles.processing)
    assert result.returncode == 65
    assert f"{split}: its content is " in result.stderr


def _inputs_of(run: Containers, step: str, tmp_path: Path) -> Path:
    """A container of its own with the inputs that the step had."""
    source, inputs = (
        (run.training, Path("input")) if step == "train" else (run.evaluation, Path("processing/input"))
    )
    shutil.copytree(source / inputs, tmp_path / inputs)
    return tmp_path


def test_a_hyperparameter_out_of_range_is_named(run: Containers, bundles: CodeBundles) -> None:
    result = run_step(["-m", "pipelines.steps.train", "--rounds", "0"], run.training, bundles.processing)
    assert result.returncode == 65
    assert "rounds: 0 is not in 1 to 10000" in result.stderr


@pytest.mark.slow
def test_parity_of_no_decisions_is_an_empty_report(bundles: CodeBundles, tmp_path: Path) -> None:
    arguments = ["-m", "pipelines.steps.parity", "--environment", "dev", "--hours", "0"]
    result = run_step(arguments, tmp_path, bundles.processing)
    assert result.returncode == 0, result.stderr
    outputs = tmp_path / "processing" / "output"
    found = json.loads((outputs / "parity" / "parity.json").read_text())
    assert (found["ok"], found["decisions"]) == (True, 0)
    assert len(found["features"]) == len(FEATURE_NAMES)
    assert pd.read_parquet(outputs / "predictions" / "predictions.parquet").empty


def test_parity_refuses_what_does_not_fit(bundles: CodeBundles, tmp_path: Path) -> None:
    arguments = ["-m", "pipelines.steps.parity", "--environment", "dev", "--hours", "-1"]
    result = run_step(arguments, tmp_path, bundles.processing)
    assert result.returncode == 65
    assert "hours, most-mismatches: use 0 or more" in result.stderr
