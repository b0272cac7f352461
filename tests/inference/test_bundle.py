"""A bundle that must not be served is refused with the reason."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import xgboost

from feature_groups import FEATURE_NAMES
from inference import bundle


@pytest.fixture
def model_dir(bundle_dir: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(bundle_dir, tmp_path / "model"))


def _change(model_dir: Path, **changes: Any) -> None:
    path = model_dir / "bundle.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | changes))


def test_an_empty_or_absent_directory_has_no_model(tmp_path: Path) -> None:
    assert bundle.load(tmp_path) is None
    assert bundle.load(tmp_path / "absent") is None


@pytest.mark.parametrize("name", ["model.ubj", "bundle.json"])
def test_half_a_bundle_is_refused(model_dir: Path, name: str) -> None:
    (model_dir / name).unlink()
    with pytest.raises(bundle.BundleError, match=f"{name} is missing"):
        bundle.load(model_dir)


@pytest.mark.parametrize("content", [b"", b"not a model", b"\x00" * 4096])
def test_an_unreadable_model_is_refused(model_dir: Path, content: bytes) -> None:
    (model_dir / "model.ubj").write_bytes(content)
    _change(model_dir, model_sha256=None)
    with pytest.raises(bundle.BundleError, match="xgboost cannot read it"):
        bundle.load(model_dir)


@pytest.mark.parametrize("share", [0.1, 0.5, 0.9, 0.99])
def test_a_truncated_model_is_refused(model_dir: Path, share: float) -> None:
    """Before xgboost sees it, which some of these would crash."""
    path = model_dir / "model.ubj"
    path.write_bytes(path.read_bytes()[: int(path.stat().st_size * share)])
    with pytest.raises(bundle.BundleError, match=r"damaged.*train the model again"):
        bundle.load(model_dir)


@pytest.mark.parametrize("content", [b"", b"{", b"[]", b'{"feature_names": 3}', b"\xff\xfe"])
def test_an_unreadable_manifest_is_refused(model_dir: Path, content: bytes) -> None:
    (model_dir / "bundle.json").write_bytes(content)
    with pytest.raises(bundle.BundleError, match=r"bundle\.json"):
        bundle.load(model_dir)


def test_other_features_are_refused_by_name(model_dir: Path) -> None:
    _change(model_dir, feature_names=[*FEATURE_NAMES[1:], "shoe_size"])
    with pytest.raises(bundle.BundleError, match="shoe_size") as caught:
        bundle.load(model_dir)
    assert FEATURE_NAMES[0] in str(caught.value)


def test_another_order_of_features_is_refused(model_dir: Path) -> None:
    _change(model_dir, feature_names=list(reversed(FEATURE_NAMES)))
    with pytest.raises(bundle.BundleError, match="another order"):
        bundle.load(model_dir)


@pytest.mark.parametrize(("review", "decline"), [(0.9, 0.2), (0.0, 0.5), (0.5, 1.5), (-1, 0.5)])
def test_thresholds_out_of_order_are_refused(model_dir: Path, review: float, decline: float) -> None:
    _change(model_dir, thresholds={"review": review, "decline": decline})
    with pytest.raises(bundle.BundleError, match="thresholds"):
        bundle.load(model_dir)


@pytest.mark.parametrize(
    ("columns", "objective", "message"),
    [(49, "binary:logistic", "49 features"), (50, "reg:squarederror", "reg:squarederror")],
)
def test_a_model_of_another_kind_is_refused(
    model_dir: Path, columns: int, objective: str, message: str
) -> None:
    rows = np.random.default_rng(0).normal(size=(100, columns))
    booster = xgboost.train({"objective": objective}, xgboost.DMatrix(rows, label=rows[:, 0] > 0), 2)
    booster.save_model(model_dir / "model.ubj")
    _change(model_dir, model_sha256=None)
    with pytest.raises(bundle.BundleError, match=message):
        bundle.load(model_dir)
