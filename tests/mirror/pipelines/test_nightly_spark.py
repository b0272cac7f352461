"""The night on Spark: the steps of the definition as jobs of the mirror, against the embedded engine."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from pipelines.definition import NightlyInputs, canonical_json, nightly_definition
from tests.mirror.pipelines.nightly import inputs_of, put_code, put_lake
from tests.mirror.pipelines.programs import steps, wait
from tests.mirror.pipelines.test_executions import create, start
from tests.mirror.running import RunningMirror
from tests.pipelines import lake

BUCKET = "spark-lake"
PARAMETERS = {"AsOf": lake.NIGHT, "HistoryDays": "40", "ParityHours": "0", "MinimumAuc": "1.0"}
SPARK_IMAGE = "173754725891.dkr.ecr.us-east-1.amazonaws.com/sagemaker-spark-processing:3.5-cpu-py312-v1.3"


@pytest.mark.drill
@pytest.mark.timeout(900)
def test_the_same_night_on_spark_and_embedded_has_the_same_manifest(
    mirror: RunningMirror, tmp_path: Path
) -> None:
    s3 = mirror.client("s3")
    s3.create_bucket(Bucket=BUCKET)
    put_lake(mirror, tmp_path, lake.transactions(), BUCKET)
    s3.put_object(Bucket=BUCKET, Key="profiles/_empty", Body=b"")
    bundles = put_code(mirror, BUCKET, tmp_path)
    embedded = inputs_of(
        BUCKET, bundles, pipeline_name="nightly-embedded", model_package_group="spark-models"
    )
    spark = replace(
        embedded,
        pipeline_name="nightly-spark",
        features_engine="spark",
        spark_image=SPARK_IMAGE,
        spark_program_uri=f"s3://{BUCKET}/code/{bundles.spark.name}",
    )
    manifests = [_manifest(mirror, one) for one in (embedded, spark)]
    assert manifests[0]["splits"]["train"]["rows"] > 1000
    assert manifests[0] == manifests[1]


def _manifest(mirror: RunningMirror, inputs: NightlyInputs) -> dict[str, Any]:
    """What BuildFeatures wrote, of an execution of its steps alone."""
    definition = nightly_definition(inputs)
    # BuildFeatures, and before it ComputeFeatures where Spark computes.
    definition["Steps"] = [step for step in definition["Steps"] if step["Type"] == "Processing"]
    arn = start(mirror, create(mirror, canonical_json(definition), inputs.pipeline_name), **PARAMETERS)
    execution = wait(mirror, arn, timeout=400)
    reasons = {name: step.get("FailureReason") for name, step in steps(mirror, arn).items()}
    assert execution["PipelineExecutionStatus"] == "Succeeded", reasons
    key = f"processed/training_sets/as-of={lake.NIGHT}/manifest/manifest.json"
    body = mirror.client("s3").get_object(Bucket=BUCKET, Key=key)["Body"]
    document: dict[str, Any] = json.load(body)
    return document
