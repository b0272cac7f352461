"""Scores of transactions: by a model, or from a file that somebody scored before."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from numpy.typing import NDArray

from inference.policy.comparison.log import Batch
from inference.policy.policy import Thresholds

#: The probability of each transaction of a batch; NaN where there is none.
Score = Callable[[Batch], NDArray[np.float64]]


def of_model(folder: Path) -> tuple[Score, Thresholds]:
    """Scores by the model in a folder, and its thresholds.

    Raises:
        BundleError: there is no model, or it cannot be served.
    """
    from inference import bundle  # xgboost takes a second to import

    loaded = bundle.load(folder)
    if loaded is None:
        raise bundle.BundleError(f"{folder} holds no model: name the folder of a model.tar.gz, extracted")

    def score(batch: Batch) -> NDArray[np.float64]:
        rows = batch.vectors.astype(np.float32)
        found: NDArray[np.float64] = loaded.booster.inplace_predict(rows, missing=np.nan).astype(np.float64)
        return found

    return score, loaded.thresholds


def of_file(path: Path) -> Score:
    """Scores from the columns ``transaction_id`` and ``score`` of a Parquet file.

    Raises:
        ValueError: a column is absent, or a score is no probability.
    """
    names = pq.read_schema(path).names
    for name in ("transaction_id", "score"):
        if name not in names:
            raise ValueError(f"{path} has no column {name}: scores need transaction_id and score")
    table = pq.read_table(path, columns=["transaction_id", "score"])
    ids, scores = (
        table["transaction_id"].cast(pa.string()).combine_chunks(),
        table["score"].cast(pa.float64()),
    )
    values = scores.to_numpy()
    given = values[~np.isnan(values)]
    if given.size and not 0.0 <= given.min() <= given.max() <= 1.0:
        raise ValueError(f"{path}: score: expected probabilities, found {given.min():g} to {given.max():g}")
    values = np.append(values, np.nan)  # what a transaction without a score finds

    def score(batch: Batch) -> NDArray[np.float64]:
        asked = pa.array([transaction.transaction_id for transaction in batch.transactions], pa.string())
        found: NDArray[np.float64] = values[pc.fill_null(pc.index_in(asked, ids), len(ids)).to_numpy()]
        return found

    return score
