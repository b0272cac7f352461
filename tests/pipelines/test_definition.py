"""The definition: pure, complete, and made of requests that the services accept."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import botocore.session
import pytest
from botocore.validate import ParamValidator

from pipelines.definition import NightlyInputs, canonical_json, nightly_definition
from pipelines.definition.placeholders import MARK
from tests.pipelines.nightly_steps import APART, PASSED, REJECTIONS

TOKEN = "${Token[TOKEN.%d]}"
INPUTS = NightlyInputs(
    environment="dev",
    pipeline_name="fraudline-dev-nightly",
    role_arn=f"arn:aws:iam::123456789012:role/{TOKEN % 1}",
    lake_bucket=TOKEN % 2,
    profiles_uri=f"s3://{TOKEN % 2}/processed/features/user-profile/",
    processing_code_uri=f"s3://{TOKEN % 3}/processing-0123.zip",
    training_code_uri=f"s3://{TOKEN % 3}/training-0123.tar.gz",
    code_version="0123",
    xgboost_image=TOKEN % 4,
    inference_image=TOKEN % 5,
    model_package_group="fraudline-dev-fraud",
    kms_key_arn=TOKEN % 6,
)

# Refuses every connection and prints the definition's canonical bytes.
PROGRAM = """
import socket
def refuse(*arguments, **options):
    raise AssertionError(f"the definition touched the network: {arguments[1:]}")
socket.socket.connect = socket.getaddrinfo = socket.create_connection = refuse
from pipelines.definition import canonical_json, nightly_definition
from tests.pipelines.test_definition import INPUTS
print(canonical_json(nightly_definition(INPUTS)))
"""


@pytest.fixture(scope="module")
def definition() -> dict[str, Any]:
    return nightly_definition(INPUTS)


def steps(definition: dict[str, Any]) -> dict[str, dict[str, Any]]:
    return _named(definition["Steps"])


def _named(items: list[dict[str, Any]]) -> dict[str, dict[str, Any]]:
    found = {}
    for step in items:
        found[step["Name"]] = step
        for branch in ("IfSteps", "ElseSteps"):
            found |= _named(step["Arguments"].get(branch, []))
    return found


def walk(node: Any) -> Iterator[Any]:
    yield node
    for child in node.values() if isinstance(node, dict) else node if isinstance(node, list) else ():
        yield from walk(child)


@pytest.mark.slow
@pytest.mark.parametrize("seed", ["1", "2"])
def test_another_process_without_credentials_gives_the_same_bytes(
    definition: dict[str, Any], seed: str
) -> None:
    environment = {"PATH": os.environ["PATH"], "PYTHONHASHSEED": seed, "AWS_PROFILE": "there-is-none"}
    result = subprocess.run(
        [sys.executable, "-c", PROGRAM], env=environment, capture_output=True, text=True, timeout=120
    )
    assert result.returncode == 0, result.stderr
    assert result.stdout == canonical_json(definition) + "\n"


@pytest.mark.slow
def test_the_process_is_left_as_it_was(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_REGION", "eu-west-1")
    before = dict(os.environ)
    nightly_definition(INPUTS)
    assert dict(os.environ) == before


@pytest.mark.slow
def test_tokens_pass_unread(definition: dict[str, Any]) -> None:
    text = canonical_json(definition)
    assert MARK not in text
    assert {f"{TOKEN % number}" in text for number in range(1, 7)} == {True}


@pytest.mark.slow
def test_the_steps_in_their_order(definition: dict[str, Any]) -> None:
    assert definition["Version"] == "2020-12-01"
    assert list(steps(definition)) == [*PASSED, *REJECTIONS]
    assert steps(definition)["RegisterModel"]["Arguments"]["ModelApprovalStatus"] == "PendingManualApproval"


@pytest.mark.slow
def test_every_reference_leads_somewhere(definition: dict[str, Any]) -> None:
    parameters = {item["Name"] for item in definition["Parameters"]}
    known = steps(definition)
    references = [node["Get"] for node in walk(definition) if isinstance(node, dict) and "Get" in node]
    assert references
    for reference in references:
        scope, name, *_ = re.split(r"[.\[]", reference)
        if scope == "Steps":
            step = known[name]
            output = re.search(r"Outputs\['(.+?)'\]", reference)
            if output:
                outputs = step["Arguments"]["ProcessingOutputConfig"]["Outputs"]
                assert output[1] in [item["OutputName"] for item in outputs]
            if ".PropertyFiles." in reference:
                assert reference.rpartition(".")[2] in [
                    item["PropertyFileName"] for item in step["PropertyFiles"]
                ]
        elif scope == "Parameters":
            assert name in parameters
        else:
            assert (scope, name) in {
                ("Execution", "StartDateTime"),
                ("Execution", "PipelineExecutionId"),
                ("Execution", "PipelineExecutionArn"),
            }


@pytest.mark.slow
def test_a_night_has_a_name_and_a_place_of_its_own(definition: dict[str, Any]) -> None:
    (as_of,) = (item for item in definition["Parameters"] if item["Name"] == "AsOf")
    assert as_of == {"Name": "AsOf", "Type": "String"}, (
        "no default: an execution without a night does not start"
    )
    outputs = steps(definition)["BuildFeatures"]["Arguments"]["ProcessingOutputConfig"]["Outputs"]
    for output in outputs:
        joined = output["S3Output"]["S3Uri"]["Std:Join"]
        assert joined["Values"] == [
            f"s3://{INPUTS.lake_bucket}/processed/training_sets/as-of=",
            {"Get": "Parameters.AsOf"},
            f"/{output['OutputName']}",
        ]
    text = canonical_json(steps(definition)["BuildFeatures"])
    assert "Execution." not in text, "nothing of it depends on which execution it is"


@pytest.mark.slow
def test_cached_steps_are_told_what_their_inputs_hold(definition: dict[str, Any]) -> None:
    hashed = {
        name: {
            "Std:JsonGet": {
                "PropertyFile": {"Get": "Steps.BuildFeatures.PropertyFiles.TrainingSet"},
                "Path": name,
            }
        }
        for name in ("sha256", "quality_sha256")
    }
    found = steps(definition)
    assert found["TrainModel"]["Arguments"]["HyperParameters"]["training-set-sha256"] == hashed["sha256"]
    told = found["EvaluateModel"]["Arguments"]["AppSpecification"]["ContainerArguments"]
    assert told[told.index("--training-set-sha256") + 1] == hashed["sha256"]
    assert told[told.index("--quality-sha256") + 1] == hashed["quality_sha256"]


@pytest.mark.slow
def test_every_parameter_is_used(definition: dict[str, Any]) -> None:
    text = canonical_json(definition)
    unused = [item["Name"] for item in definition["Parameters"] if f'Parameters.{item["Name"]}"' not in text]
    assert unused == []


@pytest.mark.slow
@pytest.mark.parametrize(
    ("step", "operation", "name"),
    [
        ("BuildFeatures", "CreateProcessingJob", {"ProcessingJobName": "job"}),
        ("TrainModel", "CreateTrainingJob", {"TrainingJobName": "job"}),
        ("FindChampion", "CreateProcessingJob", {"ProcessingJobName": "job"}),
        ("MeasureServing", "CreateProcessingJob", {"ProcessingJobName": "job"}),
        ("EvaluateModel", "CreateProcessingJob", {"ProcessingJobName": "job"}),
        ("ServedParity", "CreateProcessingJob", {"ProcessingJobName": "job"}),
        ("LongAggregates", "CreateProcessingJob", {"ProcessingJobName": "job"}),
        ("BatchScores", "CreateProcessingJob", {"ProcessingJobName": "job"}),
        ("LoadWarehouse", "CreateProcessingJob", {"ProcessingJobName": "job"}),
        ("CleanUp", "CreateProcessingJob", {"ProcessingJobName": "job"}),
        ("RegisterModel", "CreateModelPackage", {}),
    ],
)
def test_a_step_is_a_valid_request(
    definition: dict[str, Any], step: str, operation: str, name: dict[str, str]
) -> None:
    model = botocore.session.get_session().get_service_model("sagemaker")
    request = {**resolved(steps(definition)[step]["Arguments"]), **name}
    report = ParamValidator().validate(request, model.operation_model(operation).input_shape)
    assert not report.has_errors(), report.generate_report()


SPARK = replace(
    INPUTS,
    features_engine="spark",
    spark_program_uri=f"s3://{TOKEN % 3}/compute-0123.py",
    spark_image=TOKEN % 7,
)
EMR_SERVERLESS = replace(
    SPARK,
    features_engine="emr-serverless",
    emr_serverless_application="00f1abcdef012345",
    emr_serverless_environment=f"s3://{TOKEN % 3}/environment.tar.gz",
)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("inputs", "service", "operation"),
    [
        (SPARK, "sagemaker", "CreateProcessingJob"),
        (EMR_SERVERLESS, "emr-serverless", "StartJobRun"),
    ],
)
def test_features_on_spark_are_a_step_before_the_others(
    inputs: NightlyInputs, service: str, operation: str
) -> None:
    definition = nightly_definition(inputs)
    assert canonical_json(definition) == canonical_json(nightly_definition(inputs))
    assert MARK not in canonical_json(definition)
    found = steps(definition)
    assert list(found) == ["ComputeFeatures", *PASSED, *REJECTIONS]
    compute, build = (found[name]["Arguments"] for name in ("ComputeFeatures", "BuildFeatures"))
    assert found["BuildFeatures"]["DependsOn"] == ["ComputeFeatures"]
    features = next(item for item in build["ProcessingInputs"] if item["InputName"] == "features")
    assert build["AppSpecification"]["ContainerArguments"][-1] == "--computed"
    if service == "sagemaker":
        arguments, request = compute["AppSpecification"]["ContainerArguments"], compute
        names = {"ProcessingJobName": "job"}
        entrypoint = compute["AppSpecification"]["ContainerEntrypoint"]
        assert entrypoint[:3] == ["smspark-submit", "--py-files", INPUTS.processing_code_uri]
        assert entrypoint[3].endswith("/compute-0123.py")
    else:
        request, names = compute["JobConfig"], {"clientToken": "token"}
        driver = request["jobDriver"]["sparkSubmit"]
        arguments = driver["entryPointArguments"]
        assert driver["entryPoint"] == inputs.spark_program_uri
        assert f"--conf spark.submit.pyFiles={INPUTS.processing_code_uri}" in driver["sparkSubmitParameters"]
        assert "environment.tar.gz#environment" in driver["sparkSubmitParameters"]
    assert arguments[arguments.index("--out") + 1] == features["S3Input"]["S3Uri"]
    model = botocore.session.get_session().get_service_model(service)
    report = ParamValidator().validate(
        {**resolved(request), **names}, model.operation_model(operation).input_shape
    )
    assert not report.has_errors(), report.generate_report()


def resolved(node: Any) -> Any:
    """The arguments with every expression replaced by a text, as the service would."""
    if isinstance(node, dict):
        if set(node) & {"Get", "Std:Join", "Std:JsonGet"}:
            return "resolved-text-of-fair-length"
        return {name: resolved(value) for name, value in node.items()}
    return [resolved(item) for item in node] if isinstance(node, list) else node


@pytest.mark.slow
def test_code_lies_at_content_hashed_keys(definition: dict[str, Any]) -> None:
    found = steps(definition)
    training = found["TrainModel"]["Arguments"]["HyperParameters"]
    assert training["sagemaker_program"] == "train.py"
    assert training["sagemaker_submit_directory"] == INPUTS.training_code_uri
    for name in (
        "BuildFeatures",
        "FindChampion",
        "MeasureServing",
        "EvaluateModel",
        "ServedParity",
        *APART,
    ):
        arguments = found[name]["Arguments"]
        code = next(item for item in arguments["ProcessingInputs"] if item["InputName"] == "code")
        assert code["S3Input"]["S3Uri"] == INPUTS.processing_code_uri
        paths = arguments["Environment"]["PYTHONPATH"].split(":")
        assert paths[0].endswith("/input/code/processing-0123.zip")
        assert paths[1:] == (["/app"] if name in ("BatchScores", "MeasureServing") else [])


@pytest.mark.slow
def test_faults_of_the_service_are_retried_and_pure_steps_cached(definition: dict[str, Any]) -> None:
    found = steps(definition)
    cacheable = {
        "BuildFeatures": False, "TrainModel": True, "FindChampion": False, "MeasureServing": False,
        "EvaluateModel": True, "ServedParity": False, **dict.fromkeys(APART, False),
    }  # fmt: skip
    for name in cacheable:
        retried = {kind for policy in found[name]["RetryPolicies"] for kind in policy["ExceptionType"]}
        assert {"SageMaker.JOB_INTERNAL_ERROR", "Step.THROTTLING"} <= retried
    cached = {name: step["CacheConfig"]["Enabled"] for name, step in found.items() if "CacheConfig" in step}
    assert cached == cacheable


@pytest.mark.slow
def test_another_champion_is_another_evaluation(definition: dict[str, Any]) -> None:
    """Its ARN is an argument, so the service's cache compares it, wherever its archive lies."""
    arguments = steps(definition)["EvaluateModel"]["Arguments"]["AppSpecification"]["ContainerArguments"]
    assert arguments[arguments.index("--champion") + 1] == {
        "Std:JsonGet": {
            "PropertyFile": {"Get": "Steps.FindChampion.PropertyFiles.Champion"},
            "Path": "package",
        }
    }


@pytest.mark.slow
def test_nothing_is_registered_before_served_features_were_compared(definition: dict[str, Any]) -> None:
    found = steps(definition)
    assert found["MeetsCriteria"]["DependsOn"] == ["ServedParity"]
    assert found["ServedParity"]["DependsOn"] == ["BuildFeatures"]
    arguments = found["ServedParity"]["Arguments"]["AppSpecification"]["ContainerArguments"]
    assert arguments[:2] == ["--environment", "dev"]


@pytest.mark.slow
def test_a_model_and_what_no_model_depends_on_do_not_wait_for_each_other(definition: dict[str, Any]) -> None:
    found = steps(definition)
    needed = {name: upstream(found, name) for name in ("RegisterModel", *APART)}
    assert not needed["RegisterModel"] & {*APART}
    for name in APART:
        assert not needed[name] & {"TrainModel", "EvaluateModel", "ServedParity", "MeetsCriteria"}
        # Nothing is pushed, scored, loaded or removed on data that is not sound.
        assert "DataIsSound" in needed[name]
    assert needed["LoadWarehouse"] >= {"LongAggregates", "BatchScores"}
    # A Fail step ends the execution with whatever still runs.
    assert upstream(found, "RejectModel") >= {*APART}


def upstream(found: dict[str, dict[str, Any]], name: str) -> set[str]:
    """Every step that has to succeed before one runs; a condition's branch waits for the condition."""
    step = found[name]
    own = {key: value for key, value in step["Arguments"].items() if key not in ("IfSteps", "ElseSteps")}
    needed = {*step.get("DependsOn", [])}
    for node in walk(own):
        if isinstance(node, dict) and str(node.get("Get", "")).startswith("Steps."):
            needed.add(re.split(r"[.\[]", node["Get"])[1])
    for other, condition in found.items():
        branches = [condition["Arguments"].get(branch, []) for branch in ("IfSteps", "ElseSteps")]
        if any(each["Name"] == name for branch in branches for each in branch):
            needed.add(other)
    return needed.union(*(upstream(found, each) for each in needed))


@pytest.mark.slow
def test_the_batch_decides_with_the_code_and_the_policy_of_the_server() -> None:
    fields = {name: getattr(INPUTS, name) for name in INPUTS.__slots__}
    custom = NightlyInputs(**{**fields, "policy_file": "inference/policy/strict.toml"})
    for inputs, policy in ((INPUTS, None), (custom, "inference/policy/strict.toml")):
        found = steps(nightly_definition(inputs))
        arguments = found["BatchScores"]["Arguments"]
        assert arguments["AppSpecification"]["ImageUri"] == INPUTS.inference_image
        assert (
            arguments["Environment"]["PYTHONPATH"] == "/opt/ml/processing/input/code/processing-0123.zip:/app"
        )
        assert arguments["Environment"].get("FRAUDLINE_POLICY_FILE") == policy
        assert "FRAUDLINE_POLICY_FILE" not in found["LongAggregates"]["Arguments"]["Environment"]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"role_arn": ""}, "role_arn: is empty"),
        ({"processing_code_uri": "s3://bucket/${Token[TOKEN.1]}"}, "processing_code_uri: .* must end in"),
        ({"inference_instance_types": ()}, "inference_instance_types: is empty"),
        ({"minimum_auc": 95}, "minimum_auc: 95 is not between 0 and 1"),
        ({"volume_gb": 0}, "volume_gb: 0 is not a disk size"),
        ({"features_engine": "spark"}, "spark_program_uri: features_engine spark needs it"),
        ({"features_engine": "flink"}, "features_engine: 'flink' is not one of embedded, spark"),
        ({"spark_instance_count": 0}, "spark_instance_count: 0 is no cluster"),
    ],
)
def test_inputs_that_cannot_work_are_named(change: dict[str, Any], message: str) -> None:
    fields = {name: getattr(INPUTS, name) for name in INPUTS.__slots__}
    with pytest.raises(ValueError, match=message):
        NightlyInputs(**{**fields, **change})


def test_canonical_json_does_not_depend_on_order() -> None:
    assert canonical_json({"b": 1, "a": 2}) == canonical_json({"a": 2, "b": 1}) == '{"a":2,"b":1}'
    assert json.loads(canonical_json({"a": 2})) == {"a": 2}
