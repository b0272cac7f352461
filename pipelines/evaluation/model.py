"""A model from its archive, as the evaluation needs it."""

from __future__ import annotations

import json
import tarfile
import tempfile
from pathlib import Path
from typing import Any, NamedTuple

import xgboost as xgb

from feature_groups import FEATURE_NAMES
from pipelines.steps import booster as trees
from pipelines.steps.container import StepError
from pipelines.steps.dataset import Dataset
from pipelines.steps.metrics import Scores
from pipelines.steps.train import BUNDLE_FILE, MODEL_FILE

ARCHIVE = "model.tar.gz"


class Model(NamedTuple):
    """Trees and ``bundle.json``."""

    booster: xgb.Booster
    bundle: dict[str, Any]

    @property
    def fits(self) -> bool:
        """Whether it was trained on the features that this code computes."""
        return bool(self.bundle["feature_names"] == list(FEATURE_NAMES))

    @property
    def thresholds(self) -> dict[str, float]:
        """``review`` and ``decline``."""
        return {name: float(self.bundle["thresholds"][name]) for name in ("review", "decline")}

    def scores(self, dataset: Dataset) -> Scores:
        """[rows] fraud probabilities, as the server gives them."""
        return trees.scores(self.booster, dataset)

    def importances(self) -> dict[str, float]:
        """Share of the total gain by feature, the largest first."""
        gains = self.booster.get_score(importance_type="total_gain")
        total = sum(gains.values())
        return dict(sorted(((name, gain / total) for name, gain in gains.items()), key=lambda item: -item[1]))


def read_model(folder: Path, name: str = "model") -> Model:
    """The model in ``folder/model.tar.gz``; it may have been trained on other features.

    Raises:
        StepError: the archive or one of its files is missing or damaged.
    """
    archive = folder / ARCHIVE
    if not archive.is_file():
        raise StepError(f"{name}: {archive} does not exist; run pipelines.steps.train first")
    with tempfile.TemporaryDirectory() as scratch:
        unpack(archive, Path(scratch), name)
        bundle: dict[str, Any] = json.loads((Path(scratch) / BUNDLE_FILE).read_text(encoding="utf-8"))
        try:
            booster = xgb.Booster(model_file=Path(scratch) / MODEL_FILE)
        except xgb.core.XGBoostError as error:
            raise StepError(f"{name}: xgboost cannot read {MODEL_FILE} of {archive.name}: {error}") from None
    return Model(booster, bundle)


def load_model(folder: Path) -> Model:
    """`read_model`, of this code's features.

    Raises:
        StepError: it cannot be read, or the features are others.
    """
    found = read_model(folder)
    if not found.fits:
        raise StepError("model: it was trained on other features than this code computes; train it again")
    return found


def unpack(archive: Path, folder: Path, name: str) -> None:
    """Extract a model's archive.

    Raises:
        StepError: it is damaged, or lacks a file that every model has.
    """
    try:
        with tarfile.open(archive) as source:
            source.extractall(folder, filter="data")
    except (tarfile.TarError, EOFError, OSError) as error:
        raise StepError(f"{name}: {archive.name} cannot be unpacked: {error}") from None
    for file in (MODEL_FILE, BUNDLE_FILE):
        if not (folder / file).is_file():
            raise StepError(f"{name}: {archive.name} has no {file}")
