"""The leakage check's count of pairs is the area under the curve."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.metrics import roc_auc_score

from pipelines.quality.training.leakage import _separation


@pytest.mark.parametrize("seed", range(8))
def test_the_separation_of_a_feature_is_its_auc(seed: int) -> None:
    random = np.random.default_rng(seed)
    target = (random.random(400) < 0.1).astype(np.int8)
    values = np.round(random.normal(0, 2, 400) + target, seed % 3)  # many equal ones, or none
    values[random.random(400) < 0.15 * (seed % 4)] = np.nan
    known = ~np.isnan(values)
    filled = [np.where(known, values, end) for end in (np.nanmin(values) - 1, np.nanmax(values) + 1)]
    aucs = [float(roc_auc_score(target, one)) for one in filled]
    assert _separation(values, target) == pytest.approx(max(max(one, 1 - one) for one in aucs))
    assert _separation(np.full(400, np.nan), target) == 0.5
