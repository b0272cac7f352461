"""The project's own nightly definition, run by the mirror on a small lake."""

from __future__ import annotations

import io

import pandas as pd
import pytest

from pipelines.bundles import build_bundles
from pipelines.definition import NightlyInputs, canonical_json, nightly_definition
from tests.mirror.endpoints.images import push_inference_image
from tests.mirror.pipelines.definitions import IMAGE, ROLE
from tests.mirror.pipelines.night import NAMES, create_groups, fill_lake
from tests.mirror.pipelines.programs import steps, wait
from tests.mirror.pipelines.test_executions import create, start
from tests.mirror.running import RunningMirror
from tests.pipelines import lake
from tests.pipelines.nightly_steps import APART

pytestmark = pytest.mark.slow
GROUP = NAMES.model_package_group
# This mirror has no endpoint, so there are no decisions to compare.
PARAMETERS = {"AsOf": lake.AS_OF.isoformat(), "HistoryDays": "40", "Rounds": "60", "ParityHours": "0"}


@pytest.fixture(scope="module")
def pipeline(mirror: RunningMirror, tmp_path_factory: pytest.TempPathFactory) -> str:
    """The deployed pipeline's name; its lake holds 45 days of purchases."""
    folder = tmp_path_factory.mktemp("nightly")
    s3 = mirror.client("s3")
    fill_lake(mirror, folder)
    create_groups(mirror)
    bundles = build_bundles(folder / "code")
    for bundle in (bundles.processing, bundles.training):
        s3.put_object(Bucket="lake", Key=f"code/{bundle.name}", Body=bundle.read_bytes())
    definition = nightly_definition(
        NightlyInputs(
            environment="dev",
            pipeline_name="nightly",
            role_arn=ROLE,
            lake_bucket="lake",
            profiles_uri="s3://lake/profiles/",
            processing_code_uri=f"s3://lake/code/{bundles.processing.name}",
            training_code_uri=f"s3://lake/code/{bundles.training.name}",
            code_version=bundles.version,
            xgboost_image=IMAGE,
            inference_image=push_inference_image(mirror),
            model_package_group=GROUP,
        )
    )
    return create(mirror, canonical_json(definition), "nightly")


def test_a_model_is_trained_evaluated_and_registered(mirror: RunningMirror, pipeline: str) -> None:
    arn = start(mirror, pipeline, **PARAMETERS, MinimumAuc="0.6", MinimumAveragePrecision="0.01")
    execution = wait(mirror, arn, timeout=200)
    ran = steps(mirror, arn)
    reasons = {name: step.get("FailureReason") for name, step in ran.items()}
    assert execution["PipelineExecutionStatus"] == "Succeeded", reasons
    [name] = [name for name, step in ran.items() if "RegisterModel" in step["Metadata"]]
    package = mirror.client("sagemaker").describe_model_package(
        ModelPackageName=ran[name]["Metadata"]["RegisterModel"]["Arn"]
    )
    assert package["ModelPackageGroupName"] == GROUP
    assert package["ModelApprovalStatus"] == "PendingManualApproval"
    [container] = package["InferenceSpecification"]["Containers"]
    bucket, _, key = container["ModelDataUrl"].removeprefix("s3://").partition("/")
    assert mirror.client("s3").head_object(Bucket=bucket, Key=key)["ContentLength"] > 1000
    job = mirror.client("sagemaker").describe_training_job(
        TrainingJobName=ran["TrainModel"]["Metadata"]["TrainingJob"]["Arn"].rpartition("/")[2]
    )
    assert {metric["MetricName"] for metric in job["FinalMetricDataList"]} >= {"validation:auc", "rounds"}
    assert set(written(mirror)) == {
        "analytics/date_dim/date=2026-02-28/part-0.parquet",
        "analytics/labels_fact/date=2026-02-28/part-0.parquet",
        "analytics/loads/date=2026-02-28/load.json",
        "analytics/merchants_dim/date=2026-03-01/part-0.parquet",
        "analytics/model_predictions_fact/date=2026-02-28/part-0.parquet",
        "analytics/transactions_fact/date=2026-02-28/part-0.parquet",
        "analytics/users_dim/date=2026-03-01/part-0.parquet",
        "audit/clean_up/date=2026-03-01/clean-up.json",
        "processed/aggregates/merchant-risk/date=2026-03-01/aggregates.parquet",
        "processed/aggregates/summary/date=2026-03-01/summary.json",
        "processed/aggregates/user-baseline/date=2026-03-01/aggregates.parquet",
        # No model was approved yet: nothing was scored.
        "processed/batch_scores/date=2026-02-28/summary.json",
    }
    mirror.client("sagemaker").update_model_package(
        ModelPackageArn=package["ModelPackageArn"], ModelApprovalStatus="Approved"
    )


def written(mirror: RunningMirror) -> dict[str, bytes]:
    """What the steps that no model depends on left in the lake, by key."""
    s3 = mirror.client("s3")
    found = {}
    for prefix in ("analytics/", "audit/clean_up/", "processed/aggregates/", "processed/batch_scores/"):
        for item in s3.list_objects_v2(Bucket="lake", Prefix=prefix).get("Contents", []):
            found[item["Key"]] = s3.get_object(Bucket="lake", Key=item["Key"])["Body"].read()
    return found


def test_a_model_below_the_minimum_is_not_registered(mirror: RunningMirror, pipeline: str) -> None:
    def versions() -> int:
        groups = mirror.client("sagemaker").list_model_package_groups()["ModelPackageGroupSummaryList"]
        if GROUP not in [group["ModelPackageGroupName"] for group in groups]:
            return 0
        listed = mirror.client("sagemaker").list_model_packages(ModelPackageGroupName=GROUP)
        return len(listed["ModelPackageSummaryList"])

    before, first = versions(), written(mirror)
    arn = start(mirror, pipeline, **PARAMETERS, MinimumAuc="1.0")
    execution = wait(mirror, arn, timeout=200)
    assert execution["PipelineExecutionStatus"] == "Failed"
    ran = steps(mirror, arn)
    assert ran["MeetsCriteria"]["Metadata"]["Condition"]["Outcome"] == "False"
    assert ran["RejectModel"]["FailureReason"]
    assert versions() == before
    # All else of the night has been done, and a second time: the same bytes, but for what the model
    # that was approved since has scored.
    assert {name: ran[name]["StepStatus"] for name in APART} == dict.fromkeys(APART, "Succeeded")
    second = written(mirror)
    scores = "processed/batch_scores/date=2026-02-28/scores.parquet"
    assert set(second) - set(first) == {scores}
    changed = {key for key, content in first.items() if second[key] != content}
    assert changed == {
        "analytics/loads/date=2026-02-28/load.json",
        "analytics/model_predictions_fact/date=2026-02-28/part-0.parquet",
        "processed/batch_scores/date=2026-02-28/summary.json",
    }
    loaded = pd.read_parquet(
        io.BytesIO(second["analytics/model_predictions_fact/date=2026-02-28/part-0.parquet"])
    )
    decided = pd.read_parquet(io.BytesIO(second[scores]))
    assert sorted(loaded["decision_id"]) == sorted(decided["decision_id"])
    assert set(loaded["mode"]) == {"batch"}
    assert set(loaded["model_version"]) == {f"{GROUP}/1"}


def test_a_step_that_no_model_depends_on_may_fail_and_the_model_is_still_registered(
    mirror: RunningMirror, pipeline: str
) -> None:
    sagemaker = mirror.client("sagemaker")
    sagemaker.delete_feature_group(FeatureGroupName=NAMES.feature_group("merchant-risk"))
    arn = start(mirror, pipeline, **PARAMETERS, MinimumAuc="0.6", MinimumAveragePrecision="0.01")
    execution = wait(mirror, arn, timeout=200)
    ran = steps(mirror, arn)
    assert execution["PipelineExecutionStatus"] == "Failed"
    assert "fraudline-dev-merchant-risk" in ran["LongAggregates"]["FailureReason"]
    assert ran["BatchScores"]["StepStatus"] == "Succeeded"
    assert {"LoadWarehouse", "CleanUp"}.isdisjoint(ran)
    [registered] = [step for step in ran.values() if "RegisterModel" in step.get("Metadata", {})]
    assert registered["StepStatus"] == "Succeeded"
