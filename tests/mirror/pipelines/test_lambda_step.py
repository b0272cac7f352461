"""A Lambda step invokes a real function and passes its outputs on."""

from __future__ import annotations

import io
import zipfile

import pytest

from tests.mirror.pipelines import definitions as d
from tests.mirror.pipelines.test_executions import run
from tests.mirror.running import RunningMirror

pytestmark = pytest.mark.slow
HANDLER = """
def handler(event, context):
    if event["amount"] > 100:
        raise ValueError("too much")
    return {"doubled": event["amount"] * 2, "note": event["note"]}
"""


@pytest.fixture(scope="module")
def function_arn(mirror: RunningMirror) -> str:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr("index.py", HANDLER)
    iam = mirror.client("iam")
    role = iam.create_role(RoleName="function", AssumeRolePolicyDocument="{}")["Role"]["Arn"]
    created = mirror.client("lambda").create_function(
        FunctionName="doubler",
        Runtime="python3.12",
        Role=role,
        Handler="index.handler",
        Code={"ZipFile": buffer.getvalue()},
    )
    arn: str = created["FunctionArn"]
    return arn


def _text(arn: str) -> str:
    step = {
        "Name": "Double",
        "Type": "Lambda",
        "FunctionArn": arn,
        "Arguments": {"amount": d.get("Parameters.Amount"), "note": "kept"},
        "OutputParameters": [
            {"OutputName": "doubled", "OutputType": "Integer"},
            {"OutputName": "note", "OutputType": "String"},
        ],
    }
    doubled = d.get("Steps.Double.OutputParameters['doubled']")
    return d.text(
        step,
        d.condition("IsEight", [d.compare("Equals", doubled, 8)], [], [d.fail("Wrong", "not eight")]),
        parameters=[d.parameter("Amount", "Integer", 4)],
    )


def test_outputs(mirror: RunningMirror, function_arn: str) -> None:
    execution, ran = run(mirror, _text(function_arn))
    assert execution["PipelineExecutionStatus"] == "Succeeded", ran
    outputs = ran["Double"]["Metadata"]["Lambda"]["OutputParameters"]
    assert outputs == [{"Name": "doubled", "Value": "8"}, {"Name": "note", "Value": "kept"}]


def test_a_function_that_fails(mirror: RunningMirror, function_arn: str) -> None:
    execution, ran = run(mirror, _text(function_arn), Amount="200")
    assert execution["PipelineExecutionStatus"] == "Failed"
    assert "too much" in ran["Double"]["FailureReason"]
    assert set(ran) == {"Double"}


def test_a_function_that_does_not_exist(mirror: RunningMirror, function_arn: str) -> None:
    _, ran = run(mirror, _text(function_arn + "-gone"))
    assert "doubler-gone" in ran["Double"]["FailureReason"]
