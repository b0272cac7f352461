"""The training set's files: one Parquet file a split, and a manifest that describes them."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
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
    """Write a split's keys, context, target and features; return the SHA-256 of its content.

    The hash covers the values in row order, not the file's encoding.
    """
    columns = frame[[*KEYS, *CONTEXT, TARGET, *FEATURE_NAMES]].astype(dict.fromkeys(FEATURE_NAMES, "float32"))
    columns.to_parquet(folder / f"{name}.parquet", index=False)
    return _split_hash(
        columns[[*KEYS, *CONTEXT]],
        columns[TARGET].to_numpy(),
        columns[list(FEATURE_NAMES)].to_numpy(np.float32),
    )


def read_split(folder: Path, name: str, manifest: Mapping[str, Any] | None = None) -> Dataset:
    """Read a split written by `write_split`, and hold it against the manifest it was written with.

    Raises:
        StepError: the folder has no such file, it was made for other features, or its content is not the one
            that `manifest` tells of.
    """
    file = folder / f"{name}.parquet"
    if not file.is_file():
        raise StepError(f"{name}: {file} does not exist; run pipelines.steps.features first")
    frame = pd.read_parquet(file)
    expected = [*KEYS, *CONTEXT, TARGET, *FEATURE_NAMES]
    if list(frame.columns) != expected:
        unexpected = sorted(set(frame.columns) ^ set(expected)) or ["their order"]
        raise StepError(f"{name}: columns differ from this code's features: {', '.join(unexpected)}")
    split = Dataset(
        frame[list(FEATURE_NAMES)].to_numpy(np.float32),
        frame[TARGET].to_numpy(np.int8),
        frame[[*KEYS, *CONTEXT]],
    )
    if manifest is not None:
        found = _split_hash(split.keys, split.target, split.features)
        hold_against(name, found, manifest["splits"].get(name, {}).get("sha256"))
    return split


def _split_hash(keys: pd.DataFrame, target: npt.NDArray[np.int8], features: npt.NDArray[np.float32]) -> str:
    digest = hashlib.sha256()
    for name in keys:
        digest.update(_as_bytes(keys[name]))
    digest.update(target.tobytes())
    digest.update(np.ascontiguousarray(features).tobytes())
    return digest.hexdigest()


def _as_bytes(column: pd.Series) -> bytes:
    """The same before and after Parquet, whatever unit of time and mark of a missing text it leaves."""
    if isinstance(column.dtype, pd.DatetimeTZDtype):
        moments: npt.NDArray[np.int64] = column.dt.as_unit("ms").astype("int64").to_numpy()
        return moments.tobytes()
    return "\n".join(column.astype(object).where(column.notna(), "").astype(str)).encode()


def read_manifest(folder: Path, sha256: str | None = None) -> dict[str, Any]:
    """The manifest in `folder`.

    Args:
        sha256: of the training set that the caller was started for, as `training_set_hash` gives it.

    Raises:
        StepError: there is none, or it is of another training set.
    """
    file = folder / MANIFEST
    if not file.is_file():
        raise StepError(f"manifest: {file} does not exist; run pipelines.steps.features first")
    manifest: dict[str, Any] = json.loads(file.read_text(encoding="utf-8"))
    if sha256 is not None:
        hold_against("manifest", training_set_hash(manifest), sha256)
    return manifest


def training_set_hash(manifest: Mapping[str, Any]) -> str:
    """SHA-256 of what a model learns and is tested from: the night, the features, and every split's content.

    Not of what was read: what arrived in the lake without changing the splits changes no model.
    """
    return content_hash({name: manifest[name] for name in ("as_of", "feature_names", "splits")})


def content_hash(document: Mapping[str, Any]) -> str:
    """SHA-256 of a document's content, whatever the order of its members."""
    text = json.dumps(document, sort_keys=True, separators=(",", ":"), allow_nan=False)
    return hashlib.sha256(text.encode()).hexdigest()


def hold_against(name: str, found: str, expected: str | None) -> None:
    """Nothing, when the hash of what was read is the expected one.

    Raises:
        StepError: it is another one; `name` says of what.
    """
    if found != expected:
        raise StepError(
            f"{name}: its content is {found[:12]}, not {str(expected)[:12]}: another execution of this night "
            "replaced it meanwhile; run `fraudline pipeline retry` when no other is running"
        )


def write_json(document: dict[str, Any], file: Path) -> None:
    """Write strict JSON: sorted keys, and an error rather than NaN."""
    file.write_text(json.dumps(document, indent=1, sort_keys=True, allow_nan=False) + "\n", encoding="utf-8")
