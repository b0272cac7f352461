"""The nightly pipeline with the steps that no model depends on, run by the mirror from end to end."""

from __future__ import annotations

import io
import uuid

import pandas as pd
import pytest

from tests.mirror.endpoints.images import push_inference_image
from tests.mirror.pipelines.lake_steps import BUCKET, NAMES, create_groups, deploy, fill_lake
from tests.mirror.pipelines.programs import steps, wait
from tests.mirror.pipelines.test_executions import start
from tests.mirror.running import RunningMirror
from tests.pipelines.nightly_steps import APART

pytestmark = [pytest.mark.drill, pytest.mark.timeout(600)]
# This mirror has no endpoint, so there are no decisions to compare.
PARAMETERS = {
    "AsOf": "2026-03-01T02:00:00Z", "HistoryDays": "40", "Rounds": "60", "ParityHours": "0",
    "MinimumAuc": "0.6", "MinimumAveragePrecision": "0.01", "SearchTrials": "1",
    "SlowestServingMs": "500",  # of a machine that is busy with other tests
}  # fmt: skip
DECISIONS = "analytics/model_predictions_fact/date=2026-02-28/part-0.parquet"
SCORES = "processed/batch_scores/date=2026-02-28/scores.parquet"


@pytest.fixture(scope="module")
def pipeline(mirror: RunningMirror, tmp_path_factory: pytest.TempPathFactory) -> str:
    """The deployed pipeline's name; its lake holds 45 days of purchases, its feature groups are missing."""
    folder = tmp_path_factory.mktemp("nightly")
    fill_lake(mirror, folder)
    return deploy(mirror, folder, push_inference_image(mirror))


def written(mirror: RunningMirror) -> dict[str, bytes]:
    """What these steps left in the lake, by key."""
    s3 = mirror.client("s3")
    found = {}
    for prefix in ("analytics/", "audit/clean_up/", "processed/aggregates/", "processed/batch_scores/"):
        for item in s3.list_objects_v2(Bucket=BUCKET, Prefix=prefix).get("Contents", []):
            found[item["Key"]] = s3.get_object(Bucket=BUCKET, Key=item["Key"])["Body"].read()
    return found


@pytest.fixture(scope="module")
def first(mirror: RunningMirror, pipeline: str) -> dict[str, bytes]:
    """What a night left that registered a model while a step failed, and was then tried again.

    The model has been approved since.
    """
    sagemaker = mirror.client("sagemaker")
    arn = start(mirror, pipeline, **PARAMETERS)
    assert wait(mirror, arn, timeout=300)["PipelineExecutionStatus"] == "Failed"
    ran = steps(mirror, arn)
    reasons = {name: step.get("FailureReason") for name, step in ran.items()}
    assert {name for name, reason in reasons.items() if reason} == {"LongAggregates"}
    assert "fraudline-dev-user-baseline" in (reasons["LongAggregates"] or "")
    # What needs it did not run; the batch did, and the model is registered all the same.
    assert {"LoadWarehouse", "CleanUp"}.isdisjoint(ran)
    assert ran["BatchScores"]["StepStatus"] == "Succeeded"
    [package] = [
        step["Metadata"]["RegisterModel"]["Arn"]
        for step in ran.values()
        if "RegisterModel" in step.get("Metadata", {})
    ]
    create_groups(mirror)
    sagemaker.retry_pipeline_execution(PipelineExecutionArn=arn, ClientRequestToken=uuid.uuid4().hex)
    assert wait(mirror, arn, timeout=300)["PipelineExecutionStatus"] == "Succeeded"
    again = steps(mirror, arn)
    assert {name: again[name] for name in ran if name != "LongAggregates"} == {
        name: step for name, step in ran.items() if name != "LongAggregates"
    }
    left = written(mirror)
    sagemaker.update_model_package(ModelPackageArn=package, ModelApprovalStatus="Approved")
    return left


def test_a_failing_step_keeps_no_model_from_review_and_can_be_retried(
    first: dict[str, bytes],
) -> None:
    assert set(first) == {
        "analytics/date_dim/date=2026-02-28/part-0.parquet",
        "analytics/labels_fact/date=2026-02-28/part-0.parquet",
        "analytics/loads/date=2026-02-28/load.json",
        "analytics/merchants_dim/date=2026-03-01/part-0.parquet",
        DECISIONS,
        "analytics/transactions_fact/date=2026-02-28/part-0.parquet",
        "analytics/users_dim/date=2026-03-01/part-0.parquet",
        "audit/clean_up/date=2026-03-01/clean-up.json",
        "processed/aggregates/merchant-risk/date=2026-03-01/aggregates.parquet",
        "processed/aggregates/summary/date=2026-03-01/summary.json",
        "processed/aggregates/user-baseline/date=2026-03-01/aggregates.parquet",
        # No model was approved yet: nothing was scored.
        "processed/batch_scores/date=2026-02-28/summary.json",
    }


def test_a_rejected_model_keeps_none_of_it_and_a_second_run_gives_the_same_bytes(
    mirror: RunningMirror, pipeline: str, first: dict[str, bytes]
) -> None:
    arn = start(mirror, pipeline, **{**PARAMETERS, "MinimumAuc": "1.0"})
    assert wait(mirror, arn, timeout=300)["PipelineExecutionStatus"] == "Failed"
    ran = steps(mirror, arn)
    assert ran["RejectModel"]["FailureReason"]
    assert {name: ran[name]["StepStatus"] for name in APART} == dict.fromkeys(APART, "Succeeded")
    assert ran["RejectModel"]["StartTime"] >= ran["CleanUp"]["EndTime"]
    second = written(mirror)
    # New is only what the model, approved since, has scored.
    assert set(second) - set(first) == {SCORES}
    assert {key for key, content in first.items() if second[key] != content} == {
        "analytics/loads/date=2026-02-28/load.json",
        DECISIONS,
        "processed/batch_scores/date=2026-02-28/summary.json",
    }
    loaded, decided = (pd.read_parquet(io.BytesIO(second[key])) for key in (DECISIONS, SCORES))
    assert len(decided) > 100
    assert sorted(loaded["decision_id"]) == sorted(decided["decision_id"])
    assert set(loaded["mode"]) == {"batch"}
    assert set(loaded["model_version"]) == {f"{NAMES.model_package_group}/1"}
