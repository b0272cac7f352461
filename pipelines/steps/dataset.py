"""The training set's files: one Parquet file a split, and a manifest that describes them."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
import pandas as pd

from feature_groups import FEATURE_NAMES
from pipelines.steps.container import StepError
from pipelines.steps.targets import TARGET

KEYS = ("transaction_id", "user_id", "timestamp")
CONTEXT = ("merchant_id", "currency", "country", "account_created_at")
"""What the evaluation divides transactions by and repeats requests with; no model sees it."""
MANIFEST = "manifest.json"


class Dataset(NamedTuple):
    """One split in memory: `rows` by 50 features (float32, NaN for missing), target, keys and context."""

    features: npt.NDArray[np.float32]
    target: npt.NDArray[np.int8]
    keys: pd.DataFrame


def write_split(frame: pd.DataFrame, folder: Path, name: str) -> str:
    """Write a split's keys, context, target and features; return the SHA-256 of what a model learns from.

    The hash covers ids, target and features in row order, not the file's encoding.
    """
    columns = frame[[*KEYS, *CONTEXT, TARGET, *FEATURE_NAMES]].astype(dict.fromkeys(FEATURE_NAMES, "float32"))
    columns.to_parquet(folder / f"{name}.parquet", index=False)
    digest = hashlib.sha256("\n".join(columns["transaction_id"]).encode())
    digest.update(columns[TARGET].to_numpy().tobytes())
    digest.update(np.ascontiguousarray(columns[list(FEATURE_NAMES)].to_numpy(np.float32)).tobytes())
    return digest.hexdigest()


def read_split(folder: Path, name: str) -> Dataset:
    """Read a split written by `write_split`.

    Raises:
        StepError: the folder has no such file, or it was made for other features.
    """
    file = folder / f"{name}.parquet"
    if not file.is_file():
        raise StepError(f"{name}: {file} does not exist; run pipelines.steps.features first")
    frame = pd.read_parquet(file)
    expected = [*KEYS, *CONTEXT, TARGET, *FEATURE_NAMES]
    if list(frame.columns) != expected:
        unexpected = sorted(set(frame.columns) ^ set(expected)) or ["their order"]
        raise StepError(f"{name}: columns differ from this code's features: {', '.join(unexpected)}")
    return Dataset(
        frame[list(FEATURE_NAMES)].to_numpy(np.float32),
        frame[TARGET].to_numpy(np.int8),
        frame[[*KEYS, *CONTEXT]],
    )


def read_manifest(folder: Path) -> dict[str, Any]:
    """The manifest in `folder`.

    Raises:
        StepError: there is none.
    """
    file = folder / MANIFEST
    if not file.is_file():
        raise StepError(f"manifest: {file} does not exist; run pipelines.steps.features first")
    manifest: dict[str, Any] = json.loads(file.read_text(encoding="utf-8"))
    return manifest


def write_json(document: dict[str, Any], file: Path) -> None:
    """Write strict JSON: sorted keys, and an error rather than NaN."""
    file.write_text(json.dumps(document, indent=1, sort_keys=True, allow_nan=False) + "\n", encoding="utf-8")
