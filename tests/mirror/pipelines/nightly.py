"""The project's own nightly pipeline on a small lake, in a mirror."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pandas as pd

from pipelines.bundles import CodeBundles, build_bundles
from pipelines.definition import NightlyInputs, canonical_json, nightly_definition
from tests.mirror.pipelines.definitions import IMAGE, ROLE
from tests.mirror.pipelines.test_executions import create
from tests.mirror.running import RunningMirror
from tests.pipelines import lake
from tests.pipelines.nightly_steps import APART

GROUP = "nightly-models"
LAKE = "lake"
# This mirror has no endpoint, so there are no decisions to compare.
PARAMETERS = {
    "AsOf": lake.NIGHT, "HistoryDays": "40", "Rounds": "60", "ParityHours": "0",
    "MinimumAuc": "0.6", "MinimumAveragePrecision": "0.01", "SearchTrials": "1",
    "SlowestServingMs": "500",  # of a machine that is busy with other tests
}  # fmt: skip
TRAINING_SET = f"processed/training_sets/as-of={lake.NIGHT}"


def deploy(mirror: RunningMirror, folder: Path) -> str:
    """Fill the lake with 45 days of purchases; create the steps a model needs. The definition."""
    mirror.client("s3").create_bucket(Bucket=LAKE)
    put_lake(mirror, folder, lake.transactions())
    mirror.client("s3").put_object(Bucket=LAKE, Key="profiles/_empty", Body=b"")
    inputs = inputs_of(LAKE, put_code(mirror, LAKE, folder), model_package_group=GROUP)
    text = canonical_json(without_the_lake_s_jobs(nightly_definition(inputs)))
    create(mirror, text, "nightly")
    return text


def put_code(mirror: RunningMirror, bucket: str, folder: Path) -> CodeBundles:
    """Build the code bundles in `folder`, and put them below ``code/``."""
    bundles = build_bundles(folder / "code")
    for bundle in (bundles.processing, bundles.training, bundles.spark):
        mirror.client("s3").put_object(Bucket=bucket, Key=f"code/{bundle.name}", Body=bundle.read_bytes())
    return bundles


def inputs_of(bucket: str, bundles: CodeBundles, code: str | None = None, **others: Any) -> NightlyInputs:
    """Inputs of a definition for a lake.

    Args:
        code: S3 prefix of the bundles; those of `put_code` in the lake by default.
        others: what differs.
    """
    at = code or f"s3://{bucket}/code"
    values: dict[str, Any] = {
        "environment": "dev",
        "pipeline_name": "nightly",
        "role_arn": ROLE,
        "lake_bucket": bucket,
        "profiles_uri": f"s3://{bucket}/profiles/",
        "processing_code_uri": f"{at}/{bundles.processing.name}",
        "training_code_uri": f"{at}/{bundles.training.name}",
        "code_version": bundles.version,
        "xgboost_image": IMAGE,
        "inference_image": IMAGE,
        **others,
    }
    return NightlyInputs(**values)


def without_the_lake_s_jobs(definition: dict[str, Any]) -> dict[str, Any]:
    """The definition without the steps that no model depends on: `test_nightly_apart` runs them."""
    for step in definition["Steps"]:
        branch = step["Arguments"].get("IfSteps")
        if branch:
            kept = [one for one in branch if one["Name"] not in APART]
            assert len(kept) == len(branch) - len(APART)
            step["Arguments"]["IfSteps"] = kept
            for one in kept:
                for rejection in one["Arguments"].get("ElseSteps", []):
                    del rejection["DependsOn"]
    return definition


def put_lake(mirror: RunningMirror, folder: Path, rows: pd.DataFrame, bucket: str = LAKE) -> None:
    """Put transactions and their labels where the pipeline reads them."""
    lake.write_lake(folder, rows, lake.labels(rows))
    inputs = folder / "processing" / "input"
    for name, prefix in (("transactions", "raw/transactions"), ("labels", "labels")):
        for path in (inputs / name).rglob("*.parquet"):
            key = f"{prefix}/{path.relative_to(inputs / name)}"
            mirror.client("s3").put_object(Bucket=bucket, Key=key, Body=path.read_bytes())


def changed(definition: str, change: Callable[[dict[str, Any]], None]) -> str:
    """The definition after `change` of every step."""
    document = json.loads(definition)

    def visit(steps: list[dict[str, Any]]) -> None:
        for step in steps:
            change(step)
            for branch in ("IfSteps", "ElseSteps"):
                visit(step["Arguments"].get(branch, []))

    visit(document["Steps"])
    return json.dumps(document)


def objects(mirror: RunningMirror, prefix: str) -> dict[str, bytes]:
    """Bodies of the lake's objects below a prefix, by the rest of their keys."""
    s3 = mirror.client("s3")
    listed = s3.list_objects_v2(Bucket=LAKE, Prefix=prefix).get("Contents", [])
    return {
        item["Key"].removeprefix(prefix): s3.get_object(Bucket=LAKE, Key=item["Key"])["Body"].read()
        for item in listed
    }


def training_set(mirror: RunningMirror) -> dict[str, bytes]:
    """What the night has below its name, but for the latency, which is measured every time."""
    found = objects(mirror, f"{TRAINING_SET}/")
    return {name: body for name, body in found.items() if not name.startswith("serving/")}
