"""EvaluateModel: the model against the test window, as evaluation.json and two pictures."""

from __future__ import annotations

import argparse
import json
import tarfile
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np
import xgboost as xgb

from feature_groups import FEATURE_NAMES
from pipelines.quality import findings
from pipelines.quality.document import FILE, document
from pipelines.quality.trained import Trained
from pipelines.report import REPORT_FILE
from pipelines.report.figures import calibration_bins, cost_points, segments
from pipelines.report.nightly import report_page
from pipelines.steps.booster import scores
from pipelines.steps.container import StepError, processing_input, processing_output, run
from pipelines.steps.dataset import (
    Dataset,
    content_hash,
    hold_against,
    read_manifest,
    read_split,
    write_json,
)
from pipelines.steps.metrics import binary_classification_metrics, decisions, fraud_metrics
from pipelines.steps.plots import draw
from pipelines.steps.thresholds import Costs
from pipelines.steps.train import BUNDLE_FILE, MODEL_FILE


def main(arguments: list[str]) -> None:
    """Score the test window and write the report.

    Raises:
        StepError: the model or the test set is missing or made for other features.
    """
    options = _parser().parse_args(arguments)
    manifest = read_manifest(processing_input("manifest"), options.training_set_sha256)
    test = read_split(processing_input("test"), "test", manifest)
    booster, bundle = load_model(processing_input("model"))
    predictions = scores(booster, test)
    report = evaluation(predictions, test, bundle, manifest)
    auc = report["binary_classification_metrics"]["auc"]["value"]
    trained = Trained(predictions, auc, importances(booster), bundle["thresholds"])
    report["quality"] = document(findings("model", trained), ("model",))
    report["latency"] = single_row_latency(booster, test)
    report |= {
        "calibration": calibration_bins(predictions, test.target),
        "costs": cost_points(predictions, test.target, Costs(**bundle["costs"])),
        "segments": segments(predictions, test.target, test.features, bundle["thresholds"]["review"]),
        "importances": trained.importances,
    }
    folder = processing_output("evaluation")
    draw(predictions, test.target, folder)
    write_json(report, folder / "evaluation.json")
    page = report_page(report, _quality(options.quality_sha256), predictions, test.target)
    (folder / REPORT_FILE).write_text(page, encoding="utf-8")
    for name, value in report["summary"].items():
        print(f"{name}: {value}")


def evaluation(
    predictions: np.ndarray[Any, np.dtype[np.float64]],
    test: Dataset,
    bundle: dict[str, Any],
    manifest: dict[str, Any],
) -> dict[str, Any]:
    """The report, but for the latency. ``summary`` repeats the main figures as text."""
    thresholds = bundle["thresholds"]
    classification = binary_classification_metrics(predictions, test.target, thresholds["review"])
    fraud = fraud_metrics(predictions, test.target, test.keys)
    splits = manifest["splits"]
    return {
        "binary_classification_metrics": classification,
        "fraud_metrics": {
            **fraud,
            "decisions": decisions(predictions, test.target, thresholds["review"], thresholds["decline"]),
        },
        "thresholds": thresholds,
        "dataset": {"as_of": manifest["as_of"], "splits": splits},
        "model": {name: bundle[name] for name in ("code_version", "metrics", "training_data_sha256")},
        "summary": {
            "as_of": manifest["as_of"],
            "auc": f"{classification['auc']['value']:.4f}",
            "average_precision": f"{fraud['average_precision']:.4f}",
            "card_precision_at_100": f"{fraud['card_precision']['value']:.4f}",
            "recall_at_fpr_1pct": f"{fraud['recall_at_false_positive_rate']['1pct']:.4f}",
            "test_rows": str(splits["test"]["rows"]),
            "test_frauds": str(splits["test"]["frauds"]),
            "train_rows": str(splits["train"]["rows"]),
            "training_window": f"{splits['train']['start']}/{splits['train']['end']}",
            "test_window": f"{splits['test']['start']}/{splits['test']['end']}",
        },
    }


def _quality(sha256: str | None) -> dict[str, Any]:
    file = processing_input("quality") / FILE
    if not file.is_file():
        raise StepError(f"quality: {file} does not exist; run pipelines.steps.features first")
    found: dict[str, Any] = json.loads(file.read_text(encoding="utf-8"))
    if sha256 is not None:
        hold_against("quality", content_hash(found), sha256)
    return found


def importances(booster: xgb.Booster) -> dict[str, float]:
    """Share of the total gain by feature, the largest first."""
    gains = booster.get_score(importance_type="total_gain")
    total = sum(gains.values())
    return dict(sorted(((name, gain / total) for name, gain in gains.items()), key=lambda item: -item[1]))


def load_model(folder: Path) -> tuple[xgb.Booster, dict[str, Any]]:
    """The model and bundle in ``folder/model.tar.gz``.

    Raises:
        StepError: the archive or one of its files is missing, or the features are others.
    """
    archive = folder / "model.tar.gz"
    if not archive.is_file():
        raise StepError(f"model: {archive} does not exist; run pipelines.steps.train first")
    with tempfile.TemporaryDirectory() as scratch, tarfile.open(archive) as source:
        source.extractall(scratch, filter="data")
        for name in (MODEL_FILE, BUNDLE_FILE):
            if not (Path(scratch) / name).is_file():
                raise StepError(f"model: {archive.name} has no {name}")
        bundle: dict[str, Any] = json.loads((Path(scratch) / BUNDLE_FILE).read_text(encoding="utf-8"))
        booster = xgb.Booster(model_file=Path(scratch) / MODEL_FILE)
    if bundle["feature_names"] != list(FEATURE_NAMES):
        raise StepError("model: it was trained on other features than this code computes; train it again")
    return booster, bundle


def single_row_latency(booster: xgb.Booster, test: Dataset, calls: int = 300) -> dict[str, float]:
    """Microseconds that scoring one row takes on one thread."""
    booster.set_param({"nthread": 1})
    rows = np.ascontiguousarray(test.features[: min(calls, len(test.features))])
    elapsed = []
    for index in range(calls + 20):
        row = rows[index % len(rows)].reshape(1, -1)
        start = time.perf_counter()
        booster.inplace_predict(row, missing=np.nan)
        elapsed.append((time.perf_counter() - start) * 1e6)
    warm = np.asarray(elapsed[20:])
    return {f"p{level}_us": round(float(np.percentile(warm, level)), 1) for level in (50, 95, 99)}


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="pipelines.steps.evaluate", description=__doc__)
    parser.add_argument("--training-set-sha256", help="content that it must find")
    parser.add_argument("--quality-sha256", help="content of quality.json that it must find")
    return parser


if __name__ == "__main__":
    raise SystemExit(run(main))
