"""Pipelines that really run, seen through boto3."""

from __future__ import annotations

import json
import time
import uuid
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.mirror.pipelines import definitions as d
from tests.mirror.pipelines.programs import fill_bucket, steps, wait
from tests.mirror.running import RunningMirror

pytestmark = pytest.mark.slow
MODEL = d.get("Steps.Train.ModelArtifacts.S3ModelArtifacts")
AUC = d.json_get("Evaluate", "Report", "metrics.auc")


@pytest.fixture(scope="module", autouse=True)
def _bucket(mirror: RunningMirror) -> None:
    fill_bucket(mirror)


def create(mirror: RunningMirror, text: str, name: str | None = None) -> str:
    name = name or f"p-{uuid.uuid4().hex[:8]}"
    mirror.client("sagemaker").create_pipeline(
        PipelineName=name, PipelineDefinition=text, ClientRequestToken=uuid.uuid4().hex, RoleArn=d.ROLE
    )
    return name


def start(mirror: RunningMirror, name: str, **values: str) -> str:
    given = [{"Name": key, "Value": value} for key, value in values.items()]
    answer = mirror.client("sagemaker").start_pipeline_execution(
        PipelineName=name, PipelineParameters=given, ClientRequestToken=uuid.uuid4().hex
    )
    arn: str = answer["PipelineExecutionArn"]
    return arn


def run(mirror: RunningMirror, text: str, **values: str) -> tuple[dict[str, Any], dict[str, dict[str, Any]]]:
    arn = start(mirror, create(mirror, text), **values)
    return wait(mirror, arn), steps(mirror, arn)


def gated(group: str) -> str:
    """Train, evaluate, and register only a good model."""
    report = d.join("", '{"metrics": {"auc": ', d.get("Parameters.Auc"), "}}")
    return d.text(
        d.training("Train"),
        d.processing(
            "Evaluate", "--report", report, PropertyFiles=d.property_files("Report"), DependsOn=["Train"]
        ),
        d.condition(
            "Good",
            [d.compare("GreaterThanOrEqualTo", AUC, d.get("Parameters.Minimum"))],
            [d.register("Register", group, MODEL)],
            [d.fail("Reject", d.join(" ", "AUC", AUC, "is below", d.get("Parameters.Minimum")))],
        ),
        parameters=[d.parameter("Auc", "Float", 0.97), d.parameter("Minimum", "Float", 0.9)],
    )


def test_a_good_model_is_registered(mirror: RunningMirror) -> None:
    execution, ran = run(mirror, gated("good"))
    assert execution["PipelineExecutionStatus"] == "Succeeded", execution
    assert {name: step["StepStatus"] for name, step in ran.items()} == dict.fromkeys(
        ("Train", "Evaluate", "Good", "Register"), "Succeeded"
    )
    assert ran["Good"]["Metadata"]["Condition"]["Outcome"] == "True"
    for step in ran.values():
        assert step["StartTime"] <= step["EndTime"]
        assert step["AttemptCount"] == 1
    sagemaker = mirror.client("sagemaker")
    arn = ran["Register"]["Metadata"]["RegisterModel"]["Arn"]
    package = sagemaker.describe_model_package(ModelPackageName=arn)
    job = sagemaker.describe_training_job(
        TrainingJobName=ran["Train"]["Metadata"]["TrainingJob"]["Arn"].rpartition("/")[2]
    )
    assert package["ModelApprovalStatus"] == "PendingManualApproval"
    [container] = package["InferenceSpecification"]["Containers"]
    assert container["ModelDataUrl"] == job["ModelArtifacts"]["S3ModelArtifacts"]


def test_a_bad_model_is_not_registered(mirror: RunningMirror) -> None:
    execution, ran = run(mirror, gated("bad"), Auc="0.5")
    assert execution["PipelineExecutionStatus"] == "Failed"
    assert "Reject" in execution["FailureReason"]
    assert "Register" not in ran
    assert ran["Good"]["Metadata"]["Condition"]["Outcome"] == "False"
    assert ran["Reject"]["FailureReason"] == "AUC 0.5 is below 0.9"
    assert ran["Reject"]["Metadata"]["Fail"]["ErrorMessage"] == "AUC 0.5 is below 0.9"
    listed = mirror.client("sagemaker").list_model_package_groups(NameContains="bad")
    assert listed["ModelPackageGroupSummaryList"] == []


def test_a_metric_that_the_report_lacks_fails_the_condition(mirror: RunningMirror) -> None:
    text = json.loads(gated("lacking"))
    text["Steps"][1]["Arguments"]["AppSpecification"]["ContainerArguments"] = ["--report", "{}"]
    execution, ran = run(mirror, json.dumps(text))
    assert execution["PipelineExecutionStatus"] == "Failed"
    assert "metrics" in ran["Good"]["FailureReason"]
    assert set(ran) == {"Train", "Evaluate", "Good"}


def test_a_failing_step_takes_only_its_dependents_with_it(mirror: RunningMirror) -> None:
    execution, ran = run(
        mirror,
        d.text(
            d.processing("Bad", "--exit", "3"),
            d.processing("After", DependsOn=["Bad"]),
            d.processing("Alone", "--sleep", "0.5"),
            d.processing("AfterAlone", DependsOn=["Alone"]),
        ),
    )
    assert execution["PipelineExecutionStatus"] == "Failed"
    assert {name: step["StepStatus"] for name, step in ran.items()} == {
        "Bad": "Failed",
        "Alone": "Succeeded",
        "AfterAlone": "Succeeded",
    }
    assert ran["Bad"]["FailureReason"] == "AlgorithmError: report is {}, exit code: 3"


def test_independent_steps_run_side_by_side_two_at_a_time(mirror: RunningMirror) -> None:
    _, ran = run(mirror, d.text(*(d.processing(name, "--sleep", "1") for name in ("A", "B", "C"))))
    spans = sorted((step["StartTime"], step["EndTime"]) for step in ran.values())
    assert spans[1][0] < spans[0][1], "the first two overlap"
    assert spans[2][0] >= min(spans[0][1], spans[1][1]), "the third waits for a worker"


def test_execution_variables_and_properties_reach_the_job(mirror: RunningMirror) -> None:
    where = d.get("Steps.First.ProcessingOutputConfig.Outputs['out'].S3Output.S3Uri")
    names = [d.get(f"Execution.{n}") for n in ("PipelineName", "PipelineExecutionId", "ProcessingJobName")]
    report = d.join("", '["', d.join('","', where, *names, d.get("Parameters.Flag")), '"]')
    execution, ran = run(
        mirror,
        d.text(
            d.processing("First"),
            d.processing("Second", "--report", report),
            parameters=[d.parameter("Flag", "Boolean", True)],
        ),
    )
    assert execution["PipelineExecutionStatus"] == "Succeeded", ran
    written = json.loads(
        mirror.client("s3").get_object(Bucket="jobs", Key="Second/report.json")["Body"].read()
    )
    arn = execution["PipelineExecutionArn"]
    job = ran["Second"]["Metadata"]["ProcessingJob"]["Arn"].rpartition("/")[2]
    assert written == ["s3://jobs/First", arn.split("/")[-3], arn.split("/")[-1], job, "true"]


def test_a_cached_step_is_not_run_again(mirror: RunningMirror) -> None:
    cache = {"Enabled": True, "ExpireAfter": "PT1H"}
    name = create(
        mirror,
        d.text(
            d.processing("Once", "--report", d.get("Parameters.Report"), CacheConfig=cache),
            d.processing("Always", d.join("", "--report=", d.get("Steps.Once.ProcessingJobName"))),
            parameters=[d.parameter("Report", "String", "{}")],
        ),
    )
    first, second = (start(mirror, name), "")
    wait(mirror, first)
    second = start(mirror, name)
    assert wait(mirror, second)["PipelineExecutionStatus"] == "Succeeded"
    ran, again = steps(mirror, first), steps(mirror, second)
    assert again["Once"]["CacheHitResult"]["SourcePipelineExecutionArn"] == first
    assert again["Once"]["Metadata"] == ran["Once"]["Metadata"]
    assert again["Always"]["Metadata"] != ran["Always"]["Metadata"]
    third = start(mirror, name, Report='{"other": 1}')
    wait(mirror, third)
    assert "CacheHitResult" not in steps(mirror, third)["Once"]


def test_a_retry_policy_repeats_an_internal_error_but_not_an_algorithm_error(mirror: RunningMirror) -> None:
    policy = [{"ExceptionType": ["SageMaker.JOB_INTERNAL_ERROR"], "IntervalSeconds": 0, "MaxAttempts": 2}]
    execution, ran = run(
        mirror,
        d.text(
            d.processing("Killed", "--once", "killed", RetryPolicies=policy),
            d.processing("Wrong", "--exit", "1", RetryPolicies=policy),
        ),
    )
    assert execution["PipelineExecutionStatus"] == "Failed"
    assert (ran["Killed"]["StepStatus"], ran["Killed"]["AttemptCount"]) == ("Succeeded", 2)
    assert (ran["Wrong"]["StepStatus"], ran["Wrong"]["AttemptCount"]) == ("Failed", 1)


def test_retry_runs_only_what_failed(mirror: RunningMirror) -> None:
    sagemaker = mirror.client("sagemaker")
    arn = start(
        mirror,
        create(
            mirror,
            d.text(
                d.processing("Fine"),
                d.processing("Flaky", "--once", "fail", DependsOn=["Fine"]),
                d.processing("Last", DependsOn=["Flaky"]),
            ),
        ),
    )
    assert wait(mirror, arn)["PipelineExecutionStatus"] == "Failed"
    before = steps(mirror, arn)
    assert "the first try fails" in before["Flaky"]["FailureReason"]
    sagemaker.retry_pipeline_execution(PipelineExecutionArn=arn, ClientRequestToken=uuid.uuid4().hex)
    execution = wait(mirror, arn)
    after = steps(mirror, arn)
    assert execution["PipelineExecutionStatus"] == "Succeeded"
    assert "FailureReason" not in execution
    assert after["Fine"] == before["Fine"]
    assert {name: step["AttemptCount"] for name, step in after.items()} == {"Fine": 1, "Flaky": 2, "Last": 1}
    with pytest.raises(ClientError, match="Succeeded"):
        sagemaker.retry_pipeline_execution(PipelineExecutionArn=arn, ClientRequestToken=uuid.uuid4().hex)


def test_stop_ends_the_running_job(mirror: RunningMirror) -> None:
    sagemaker = mirror.client("sagemaker")
    name = create(
        mirror, d.text(d.processing("Long", "--sleep", "60"), d.processing("Next", DependsOn=["Long"]))
    )
    arn = start(mirror, name)
    while "Metadata" not in steps(mirror, arn).get("Long", {}):
        time.sleep(0.05)
    with pytest.raises(ClientError) as refusal:
        sagemaker.delete_pipeline(PipelineName=name, ClientRequestToken=uuid.uuid4().hex)
    assert refusal.value.response["Error"]["Code"] == "ConflictException"
    sagemaker.stop_pipeline_execution(PipelineExecutionArn=arn, ClientRequestToken=uuid.uuid4().hex)
    assert wait(mirror, arn, 20)["PipelineExecutionStatus"] == "Stopped"
    [step] = steps(mirror, arn).values()
    job = sagemaker.describe_processing_job(
        ProcessingJobName=step["Metadata"]["ProcessingJob"]["Arn"].rpartition("/")[2]
    )
    assert (step["StepStatus"], job["ProcessingJobStatus"]) == ("Stopped", "Stopped")


def test_the_same_token_starts_one_execution(mirror: RunningMirror) -> None:
    sagemaker = mirror.client("sagemaker")
    name = create(mirror, d.text(d.fail("End", "x"), parameters=[d.parameter("P", "String", "a")]))
    token = uuid.uuid4().hex
    arns = {
        sagemaker.start_pipeline_execution(PipelineName=name, ClientRequestToken=token)[
            "PipelineExecutionArn"
        ]
        for _ in range(3)
    }
    assert len(arns) == 1
    with pytest.raises(ClientError) as refusal:
        sagemaker.start_pipeline_execution(
            PipelineName=name, ClientRequestToken=token, PipelineParameters=[{"Name": "P", "Value": "b"}]
        )
    assert refusal.value.response["Error"]["Code"] == "ConflictException"


@pytest.mark.parametrize("values", [{"Nope": "1"}, {"Days": "many"}, {}])
def test_wrong_parameters_start_nothing(mirror: RunningMirror, values: dict[str, str]) -> None:
    name = create(
        mirror, d.text(d.fail("E", "x"), parameters=[d.parameter("Days", "Integer", 1), d.parameter("Must")])
    )
    with pytest.raises(ClientError) as refusal:
        start(mirror, name, **values)
    assert refusal.value.response["Error"]["Code"] == "ValidationException"
    listed = mirror.client("sagemaker").list_pipeline_executions(PipelineName=name)
    assert listed["PipelineExecutionSummaries"] == []


def test_what_happened_can_be_read(mirror: RunningMirror) -> None:
    sagemaker = mirror.client("sagemaker")
    text = d.text(d.processing("A"), d.processing("B"), parameters=[d.parameter("N", "Integer", 7)])
    name = create(mirror, text)
    arns = [start(mirror, name) for _ in range(2)]
    for arn in arns:
        wait(mirror, arn)
    first = sagemaker.list_pipeline_executions(PipelineName=name, MaxResults=1)
    rest = sagemaker.list_pipeline_executions(PipelineName=name, NextToken=first["NextToken"])
    listed = first["PipelineExecutionSummaries"] + rest["PipelineExecutionSummaries"]
    assert [item["PipelineExecutionArn"] for item in listed] == arns[::-1]
    described = sagemaker.describe_pipeline_definition_for_execution(PipelineExecutionArn=arns[0])
    assert described["PipelineDefinition"] == text
    values = sagemaker.list_pipeline_parameters_for_execution(PipelineExecutionArn=arns[0])
    assert values["PipelineParameters"] == [{"Name": "N", "Value": "7"}]
    sagemaker.update_pipeline_execution(PipelineExecutionArn=arns[0], PipelineExecutionDescription="kept")
    assert (
        sagemaker.describe_pipeline_execution(PipelineExecutionArn=arns[0])["PipelineExecutionDescription"]
        == "kept"
    )
    with pytest.raises(sagemaker.exceptions.ResourceNotFound):
        sagemaker.describe_pipeline_execution(PipelineExecutionArn=arns[0] + "x")
