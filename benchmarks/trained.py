"""Models to measure with: trained once on generated rows, kept below ``build/``."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

import numpy as np
import xgboost

from feature_groups import FEATURE_NAMES

_BUILD = Path(__file__).parents[1] / "build" / "bench"
_ROWS = 30_000


def bundle_dir(trees: int, depth: int = 6) -> Path:
    """The folder of a bundle as the server loads it: so many trees over all features of the product."""
    folder = _BUILD / f"model-{trees}x{depth}-{len(FEATURE_NAMES)}"
    if (folder / "bundle.json").is_file():
        return folder
    folder.mkdir(parents=True, exist_ok=True)
    rng = np.random.default_rng(0)
    rows = rng.normal(size=(_ROWS, len(FEATURE_NAMES))).astype(np.float32)
    rows[rng.random(rows.shape) < 0.1] = np.nan
    known = np.nan_to_num(rows)
    noise = rng.normal(size=_ROWS)
    fraud = known[:, 0] * known[:, 1] + known[:, 2:8].sum(axis=1) + noise > 2
    booster = xgboost.train(
        {
            "objective": "binary:logistic",
            "max_depth": depth,
            "eta": 0.1,
            "base_score": 0.5,
            "min_child_weight": 5,
            "subsample": 0.8,
            "colsample_bytree": 0.6,
            "nthread": 2,
            "seed": 0,
        },
        xgboost.DMatrix(rows, fraud, feature_names=list(FEATURE_NAMES)),
        trees,
    )
    booster.save_model(folder / "model.ubj")
    manifest = {
        "feature_names": list(FEATURE_NAMES),
        "thresholds": {"review": 0.3, "decline": 0.8},
        "model_sha256": hashlib.sha256((folder / "model.ubj").read_bytes()).hexdigest(),
    }
    (folder / "bundle.json").write_text(json.dumps(manifest))
    return folder
