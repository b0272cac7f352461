"""The project's own nightly definition, run by the mirror on a small lake."""

from __future__ import annotations

import pytest

from pipelines.bundles import build_bundles
from pipelines.definition import NightlyInputs, canonical_json, nightly_definition
from tests.mirror.endpoints.images import push_inference_image
from tests.mirror.pipelines.definitions import IMAGE, ROLE
from tests.mirror.pipelines.night import create_groups
from tests.mirror.pipelines.programs import steps, wait
from tests.mirror.pipelines.test_executions import create, start
from tests.mirror.running import RunningMirror
from tests.pipelines import lake

pytestmark = pytest.mark.slow
GROUP = "nightly-models"
# This mirror has no endpoint, so there are no decisions to compare.
PARAMETERS = {"AsOf": lake.AS_OF.isoformat(), "HistoryDays": "40", "Rounds": "60", "ParityHours": "0"}


@pytest.fixture(scope="module")
def pipeline(mirror: RunningMirror, tmp_path_factory: pytest.TempPathFactory) -> str:
    """The deployed pipeline's name; its lake holds 45 days of purchases."""
    folder = tmp_path_factory.mktemp("nightly")
    s3 = mirror.client("s3")
    s3.create_bucket(Bucket="lake")
    rows = lake.transactions()
    lake.write_lake(folder, rows, lake.labels(rows))
    inputs = folder / "processing" / "input"
    for name, prefix in (("transactions", "raw/transactions"), ("labels", "labels")):
        for path in (inputs / name).rglob("*.parquet"):
            key = f"{prefix}/{path.relative_to(inputs / name)}"
            s3.put_object(Bucket="lake", Key=key, Body=path.read_bytes())
    s3.put_object(Bucket="lake", Key="profiles/_empty", Body=b"")
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


def test_a_model_below_the_minimum_is_not_registered(mirror: RunningMirror, pipeline: str) -> None:
    def versions() -> int:
        groups = mirror.client("sagemaker").list_model_package_groups()["ModelPackageGroupSummaryList"]
        if GROUP not in [group["ModelPackageGroupName"] for group in groups]:
            return 0
        listed = mirror.client("sagemaker").list_model_packages(ModelPackageGroupName=GROUP)
        return len(listed["ModelPackageSummaryList"])

    before = versions()
    arn = start(mirror, pipeline, **PARAMETERS, MinimumAuc="1.0")
    execution = wait(mirror, arn, timeout=200)
    assert execution["PipelineExecutionStatus"] == "Failed"
    ran = steps(mirror, arn)
    assert ran["MeetsCriteria"]["Metadata"]["Condition"]["Outcome"] == "False"
    assert ran["RejectModel"]["FailureReason"]
    assert versions() == before
