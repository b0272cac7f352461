"""TrainModel: trees, thresholds, and the bundle that the inference server loads."""

from __future__ import annotations

import argparse
import hashlib
from dataclasses import asdict
from typing import Any

import xgboost as xgb
from sklearn.metrics import average_precision_score, roc_auc_score

from feature_groups import FEATURE_NAMES
from pipelines.steps.booster import TreeSettings, fit, scores
from pipelines.steps.calibration import calibrated, calibration
from pipelines.steps.container import StepError, channel, model_folder, run, threads
from pipelines.steps.dataset import read_manifest, read_split, write_json
from pipelines.steps.metrics_log import log_metric
from pipelines.steps.search import search
from pipelines.steps.thresholds import Costs, choose

MODEL_FILE = "model.ubj"
BUNDLE_FILE = "bundle.json"


def main(arguments: list[str]) -> None:
    """Train on the channels and write ``model.ubj`` and ``bundle.json``.

    Raises:
        StepError: a channel is missing or a hyperparameter is out of range.
    """
    options = _parser().parse_args(arguments)
    settings, costs = _settings(options)
    manifest = read_manifest(channel("manifest"), options.training_set_sha256)
    train = read_split(channel("train"), "train", manifest)
    validation = read_split(channel("validation"), "validation", manifest)
    trials = search(train, validation, settings, options.search_trials, threads())
    settings = trials[0].settings
    booster = fit(train, validation, settings, threads(), print_every=50)
    scaling = calibration(booster, validation)
    booster = calibrated(booster, scaling)
    on_validation = scores(booster, validation)
    metrics = {
        "validation:auc": float(roc_auc_score(validation.target, on_validation)),
        "validation:average_precision": float(average_precision_score(validation.target, on_validation)),
        "train:average_precision": float(average_precision_score(train.target, scores(booster, train))),
        "rounds": booster.num_boosted_rounds(),
    }
    for name, value in metrics.items():
        log_metric(name, value)
    thresholds = choose(on_validation, validation.target, costs)
    model = model_folder() / MODEL_FILE
    booster.save_model(model)
    bundle: dict[str, Any] = {
        "calibration": asdict(scaling),
        "code_version": options.code_version,
        "costs": {"review": costs.review, "decline": costs.decline},
        "feature_names": list(FEATURE_NAMES),
        "metrics": metrics,
        "settings": asdict(settings),
        "search": [trial.as_dict() for trial in trials if len(trials) > 1],
        "model_sha256": hashlib.sha256(model.read_bytes()).hexdigest(),
        "thresholds": {"review": thresholds.review, "decline": thresholds.decline},
        "trained_at_as_of": manifest["as_of"],
        "training_data_sha256": manifest["splits"]["train"]["sha256"],
        "training_set_sha256": manifest["sha256"],
        "training_window": {name: manifest["splits"]["train"][name] for name in ("start", "end")},
        "validation_window": {name: manifest["splits"]["validation"][name] for name in ("start", "end")},
        "xgboost_version": xgb.__version__,
    }
    write_json(bundle, model_folder() / BUNDLE_FILE)


def _settings(options: argparse.Namespace) -> tuple[TreeSettings, Costs]:
    ranges: dict[str, tuple[float, float]] = {
        "rounds": (1, 10_000),
        "max_depth": (1, 16),
        "learning_rate": (1e-4, 1.0),
        "early_stopping": (1, 1_000),
        "imbalance": (0.0, 1.0),
        "search_trials": (1, 100),
    }
    for name, (least, most) in ranges.items():
        if not least <= getattr(options, name) <= most:
            raise StepError(f"{name.replace('_', '-')}: {getattr(options, name)} is not in {least} to {most}")
    try:
        costs = Costs(review=options.review_cost, decline=options.decline_cost)
    except ValueError as error:
        raise StepError(str(error)) from None
    names = ("rounds", "max_depth", "learning_rate", "early_stopping", "imbalance", "seed")
    return TreeSettings(**{name: getattr(options, name) for name in names}), costs


def _parser() -> argparse.ArgumentParser:
    trees, costs = TreeSettings(), Costs()
    parser = argparse.ArgumentParser(prog="pipelines.steps.train", description=__doc__)
    parser.add_argument("--rounds", type=int, default=trees.rounds)
    parser.add_argument("--max-depth", type=int, default=trees.max_depth)
    parser.add_argument("--learning-rate", type=float, default=trees.learning_rate)
    parser.add_argument("--early-stopping", type=int, default=trees.early_stopping)
    parser.add_argument("--imbalance", type=float, default=trees.imbalance)
    parser.add_argument("--search-trials", type=int, default=1, help="1: no search")
    parser.add_argument("--seed", type=int, default=trees.seed)
    parser.add_argument("--review-cost", type=float, default=costs.review, help="in missed frauds")
    parser.add_argument("--decline-cost", type=float, default=costs.decline, help="in missed frauds")
    parser.add_argument("--code-version", default="unknown")
    parser.add_argument("--training-set-sha256", help="content that it must find")
    return parser


if __name__ == "__main__":
    raise SystemExit(run(main))
