"""The model bundle: what ``model.tar.gz`` holds, and every reason not to serve it."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec
import xgboost

from feature_groups import FEATURE_NAMES

MODEL_FILE = "model.ubj"
MANIFEST_FILE = "bundle.json"


class BundleError(Exception):
    """The model directory holds something that must not be served; the message says what and why."""


class Thresholds(msgspec.Struct, frozen=True):
    """Probabilities from which a transaction is reviewed and declined."""

    review: float
    decline: float


class Manifest(msgspec.Struct, frozen=True):
    """``bundle.json``: what the server must know of a model; other fields are for people.

    `model_sha256` is checked where it is given: xgboost reads past the end of a truncated file.
    """

    feature_names: list[str]
    thresholds: Thresholds
    model_sha256: str | None = None


@dataclass(frozen=True, slots=True)
class Bundle:
    """A model that was checked against this server's features."""

    booster: xgboost.Booster
    thresholds: Thresholds


def load(model_dir: Path) -> Bundle | None:
    """Load and check the bundle in `model_dir`; None when the directory holds no model.

    Raises:
        BundleError: the bundle is incomplete, unreadable, or was trained on other features.
    """
    present = [name for name in (MODEL_FILE, MANIFEST_FILE) if (model_dir / name).is_file()]
    if not present:
        return None
    if len(present) == 1:
        missing = MANIFEST_FILE if present == [MODEL_FILE] else MODEL_FILE
        raise BundleError(f"{model_dir}: {present[0]} is there but {missing} is missing")
    manifest = _manifest(model_dir / MANIFEST_FILE)
    _verify(model_dir / MODEL_FILE, manifest.model_sha256)
    return Bundle(_booster(model_dir / MODEL_FILE), manifest.thresholds)


def _manifest(path: Path) -> Manifest:
    try:
        manifest = msgspec.json.decode(path.read_bytes(), type=Manifest)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise BundleError(f"{path}: {error}") from error
    if manifest.feature_names != list(FEATURE_NAMES):
        raise BundleError(f"{path}: feature_names: {_difference(manifest.feature_names)}")
    limits = manifest.thresholds
    if not 0.0 < limits.review <= limits.decline <= 1.0:
        raise BundleError(
            f"{path}: thresholds: expected 0 < review <= decline <= 1, "
            f"got review={limits.review}, decline={limits.decline}"
        )
    return manifest


def _verify(path: Path, expected: str | None) -> None:
    if expected is None:
        return
    found = hashlib.sha256(path.read_bytes()).hexdigest()
    if found != expected:
        raise BundleError(
            f"{path}: damaged: its SHA-256 is {found}, {MANIFEST_FILE} says model_sha256 {expected}; "
            "fetch or train the model again"
        )


def _booster(path: Path) -> xgboost.Booster:
    booster = xgboost.Booster()
    try:
        booster.load_model(path)
        config: dict[str, Any] = json.loads(booster.save_config())
    except (xgboost.core.XGBoostError, ValueError) as error:
        first_line = str(error).strip().splitlines()[-1]
        raise BundleError(f"{path}: xgboost cannot read it: {first_line}") from error
    if booster.num_features() != len(FEATURE_NAMES):
        raise BundleError(
            f"{path}: the model takes {booster.num_features()} features, this server computes "
            f"{len(FEATURE_NAMES)}"
        )
    objective = config["learner"]["objective"]["name"]
    if objective != "binary:logistic":
        raise BundleError(f"{path}: objective {objective}: expected binary:logistic")
    booster.set_param({"nthread": 1})
    return booster


def _difference(names: list[str]) -> str:
    ours = list(FEATURE_NAMES)
    unknown = [name for name in names if name not in ours]
    absent = [name for name in ours if name not in names]
    if unknown or absent:
        return f"unknown {unknown}, absent {absent}: train again with this code's features"
    return "the same names in another order: train again with this code's features"
