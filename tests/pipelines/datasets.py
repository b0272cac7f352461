"""Training data whose truth is known."""

from __future__ import annotations

import numpy as np
import pandas as pd

from feature_groups import FEATURE_NAMES
from pipelines.steps.dataset import Dataset


def dataset(rows: int, seed: int) -> Dataset:
    """Normal features, one value in ten missing; the log odds of fraud are a line in two of them."""
    random = np.random.default_rng(seed)
    features = random.normal(size=(rows, len(FEATURE_NAMES))).astype(np.float32)
    odds = 2 * features[:, 0] + features[:, 1] - 4
    features[random.random(features.shape) < 0.1] = np.nan
    fraud = random.random(rows) < 1 / (1 + np.exp(-odds))
    keys = pd.DataFrame({"user_id": [f"u{number % 97}" for number in range(rows)]})
    return Dataset(features, fraud.astype(np.int8), keys)
