"""BuildFeatures: point-in-time features of every transaction whose label is complete."""

from __future__ import annotations

import argparse
from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

import pandas as pd
import pyarrow.parquet as pq

from feature_groups import FEATURE_NAMES
from pipelines.quality import findings
from pipelines.quality.check import Finding
from pipelines.quality.daily import Batch
from pipelines.quality.document import FILE, document
from pipelines.quality.overview import by_day, drift_by_day
from pipelines.quality.splits import TrainingSet
from pipelines.report import QUALITY_FILE
from pipelines.report.quality_page import quality_page
from pipelines.steps.accounts import account_created_at
from pipelines.steps.container import StepError, processing_input, processing_output, run
from pipelines.steps.dataset import (
    CONTEXT,
    KEYS,
    MANIFEST,
    content_hash,
    training_set_hash,
    write_json,
    write_split,
)
from pipelines.steps.lake import read_labels, read_profiles, read_transactions
from pipelines.steps.targets import TARGET, known_labels, targets
from pipelines.steps.windows import Windows, add_arguments, from_options, text
from processing.batch import compute_features
from processing.lake import FEATURES


def main(arguments: list[str]) -> None:
    """Read the lake, examine it, compute, split by time, examine that, and write.

    Where a check finds something critical, the manifest lists no splits: the pipeline's next step reads
    ``quality.json`` and ends the night with the reason.

    Raises:
        StepError: a parameter does not fit.
    """
    options = _parser().parse_args(arguments)
    windows = from_options(options)
    found, splits, read, batch = _examined(windows, computed=options.computed)
    quality = {
        **document(found, ("batch", "training")),
        "days": [] if batch is None else by_day(batch),
        "drift": drift_by_day(splits),
    }
    folder = processing_output("quality")
    write_json(quality, folder / FILE)
    (folder / QUALITY_FILE).write_text(quality_page(text(windows.as_of), quality), encoding="utf-8")
    for finding in found:
        print(f"{finding.severity} {finding.layer}/{finding.check}: {finding.message}")
    if quality["critical"]:
        print("the night ends here: no training set is written")
        splits = {}
    manifest = {
        "as_of": text(windows.as_of),
        "code_version": options.code_version,
        "feature_names": list(FEATURE_NAMES),
        "history_days": options.history_days,
        "label_delay_days": options.label_delay_days,
        "quality_warnings": quality["warnings"],
        "read": read,
        "splits": {name: _write(frame, windows, name) for name, frame in splits.items()},
    }
    manifest |= {"sha256": training_set_hash(manifest), "quality_sha256": content_hash(quality)}
    write_json(manifest, processing_output("manifest") / MANIFEST)
    for name, split in manifest["splits"].items():
        print(f"{name}: {split['rows']} rows, {split['frauds']} frauds, {split['start']} to {split['end']}")


class _Examined(NamedTuple):
    findings: list[Finding]
    splits: Mapping[str, pd.DataFrame]
    read: dict[str, int]
    batch: Batch | None


def _examined(windows: Windows, *, computed: bool) -> _Examined:
    """What the checks find, the splits, and how many rows were read; layer by layer until one is critical."""
    try:
        transactions = read_transactions(processing_input("transactions"))
        labels = read_labels(processing_input("labels"))
        profiles = read_profiles(processing_input("profiles"))
    except StepError as error:
        return _Examined([Finding("readable", "batch", "critical", str(error), [])], {}, {}, None)
    read = {"transactions": len(transactions), "labels": len(labels), "profiles": len(profiles)}
    batch = Batch.of(transactions, profiles, windows.as_of)
    found = list(findings("batch", batch))
    if any(finding.severity == "critical" for finding in found):
        return _Examined(found, {}, read, batch)
    if computed:
        rows = join_computed(windows, transactions, labels, profiles, processing_input("features"))
    else:
        rows = labelled_rows(windows, transactions, labels, profiles)
    data = TrainingSet.of(rows, known_labels(labels, windows.as_of), windows, transactions)
    return _Examined([*found, *findings("training", data)], data.splits, read, batch)


def labelled_rows(
    windows: Windows, transactions: pd.DataFrame, labels: pd.DataFrame, profiles: pd.DataFrame
) -> pd.DataFrame:
    """Keys, context, target and 50 features of every transaction in ``[windows.start, windows.end)``.

    Older transactions are history for the features; nothing from after the as-of time is seen.
    """
    history = transactions[transactions["timestamp"] < windows.end].reset_index(drop=True)
    known = known_labels(labels, windows.as_of)
    versions = profiles[profiles["event_time"] <= windows.as_of].reset_index(drop=True)
    features = compute_features(history, known, versions if len(versions) else None)
    return _joined(windows, history, features, known, versions)


def join_computed(
    windows: Windows,
    transactions: pd.DataFrame,
    labels: pd.DataFrame,
    profiles: pd.DataFrame,
    folder: Path,
) -> pd.DataFrame:
    """The same as `labelled_rows`, of the features that `pipelines.steps.compute` wrote to `folder`.

    Raises:
        StepError: they are not whole, or not those of these transactions.
    """
    if not (folder / "_SUCCESS").is_file():
        raise StepError(
            f"features: {folder} has no _SUCCESS: ComputeFeatures did not finish; run the night again"
        )
    features = pq.read_table(folder, schema=FEATURES.remove_metadata()).to_pandas()
    history = transactions[transactions["timestamp"] < windows.end]
    wanted = history.loc[history["timestamp"] >= windows.start, "transaction_id"]
    if missing := sorted(set(wanted) ^ set(features["transaction_id"])):
        raise StepError(
            f"features: {len(missing):,} transactions are in the lake or in the features only, {missing[0]} "
            "first: the lake changed while ComputeFeatures read it; run the night again"
        )
    versions = profiles[profiles["event_time"] <= windows.as_of]
    return _joined(windows, history, features, known_labels(labels, windows.as_of), versions)


def _joined(
    windows: Windows,
    history: pd.DataFrame,
    features: pd.DataFrame,
    known: pd.DataFrame,
    versions: pd.DataFrame,
) -> pd.DataFrame:
    keys = history[history["timestamp"] >= windows.start].assign(
        account_created_at=lambda rows: account_created_at(rows["user_id"], versions)
    )[[*KEYS, *CONTEXT]]
    rows = keys.merge(features, on="transaction_id", how="left", validate="one_to_one")
    rows.insert(len(keys.columns), TARGET, targets(rows["transaction_id"], known))
    return rows


def _write(frame: pd.DataFrame, windows: Windows, name: str) -> dict[str, object]:
    start, end = windows.bounds(name)
    frauds = int(frame[TARGET].sum())
    return {
        "start": text(start),
        "end": text(end),
        "rows": len(frame),
        "frauds": frauds,
        "fraud_rate": frauds / len(frame),
        "sha256": write_split(frame, processing_output(name), name),
    }


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="pipelines.steps.features", description=__doc__)
    add_arguments(parser)
    parser.add_argument(
        "--computed", action="store_true", help="join the features that ComputeFeatures wrote, on Spark"
    )
    parser.add_argument("--code-version", default="unknown")
    return parser


if __name__ == "__main__":
    raise SystemExit(run(main))
