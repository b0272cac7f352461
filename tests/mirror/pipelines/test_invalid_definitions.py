"""Definitions that cannot be run are refused with the step and the field."""

from __future__ import annotations

import copy
import json
from collections.abc import Callable
from typing import Any

import pytest

from mirror.pipelines.errors import InvalidDefinition
from mirror.pipelines.validation import load
from tests.mirror.pipelines import definitions as d


def valid() -> d.Json:
    report = d.json_get("Evaluate", "Report", "auc")
    return d.definition(
        d.processing("Prepare", d.get("Parameters.AsOf")),
        d.training("Train"),
        d.processing(
            "Evaluate",
            d.get("Steps.Train.ModelArtifacts.S3ModelArtifacts"),
            d.get("Steps.Prepare.ProcessingOutputConfig.Outputs['out'].S3Output.S3Uri"),
            PropertyFiles=d.property_files("Report"),
            CacheConfig={"Enabled": True, "ExpireAfter": "P30D"},
            RetryPolicies=[{"ExceptionType": ["SageMaker.JOB_INTERNAL_ERROR"], "MaxAttempts": 2}],
        ),
        d.condition(
            "Good",
            [d.compare("GreaterThanOrEqualTo", report, d.get("Parameters.Minimum"))],
            [d.register("Register", "models", d.get("Steps.Train.ModelArtifacts.S3ModelArtifacts"))],
            [d.fail("Reject", d.join(" ", "AUC below", d.get("Parameters.Minimum")))],
        ),
        parameters=[d.parameter("AsOf"), d.parameter("Minimum", "Float", 0.9)],
    )


def test_the_example_is_valid() -> None:
    definition = load(json.dumps(valid()))
    assert list(definition.steps) == ["Prepare", "Train", "Evaluate", "Good", "Register", "Reject"]
    guard = definition.steps["Register"].guard
    assert guard is not None
    assert (guard.condition, guard.outcome) == ("Good", True)


def _set(path: list[Any], value: Any) -> Callable[[d.Json], None]:
    def change(document: Any) -> None:
        for key in path[:-1]:
            document = document[key]
        document[path[-1]] = value

    return change


def _drop(path: list[Any]) -> Callable[[d.Json], None]:
    def change(document: Any) -> None:
        for key in path[:-1]:
            document = document[key]
        del document[path[-1]]

    return change


ARGUMENTS = ["Steps", 0, "Arguments"]
CONTAINER = [*ARGUMENTS, "AppSpecification", "ContainerArguments", 0]
CONDITION = ["Steps", 3, "Arguments", "Conditions", 0]
BROKEN = {
    "version": (_set(["Version"], "2019-01-01"), ["Version", "2020-12-01"]),
    "no version": (_drop(["Version"]), ["Version"]),
    "no steps": (_set(["Steps"], []), ["Steps"]),
    "steps missing": (_drop(["Steps"]), ["Steps"]),
    "step without name": (_drop(["Steps", 0, "Name"]), ["Steps[0].Name"]),
    "step with odd name": (_set(["Steps", 0, "Name"], "a b"), ["Steps[0].Name"]),
    "step is text": (_set(["Steps", 0], "Prepare"), ["Steps[0]"]),
    "unknown type": (_set(["Steps", 0, "Type"], "Magic"), ["Prepare", "Type", "Magic"]),
    "type not run": (_set(["Steps", 0, "Type"], "Transform"), ["Prepare", "Transform", "not run"]),
    "duplicate name": (_set(["Steps", 1, "Name"], "Prepare"), ["Prepare", "twice"]),
    "duplicate name in a branch": (
        _set(["Steps", 3, "Arguments", "IfSteps", 0, "Name"], "Train"),
        ["Train", "twice"],
    ),
    "no arguments": (_drop(ARGUMENTS), ["Prepare", "Arguments"]),
    "missing field": (_drop([*ARGUMENTS, "AppSpecification"]), ["Prepare", "AppSpecification", "missing"]),
    "missing nested field": (
        _drop([*ARGUMENTS, "AppSpecification", "ImageUri"]),
        ["Prepare", "AppSpecification.ImageUri"],
    ),
    "unknown field": (_set([*ARGUMENTS, "Colour"], "red"), ["Prepare", "Colour"]),
    "wrong type": (
        _set([*ARGUMENTS, "ProcessingResources", "ClusterConfig", "InstanceCount"], [1]),
        ["Prepare", "InstanceCount", "integer"],
    ),
    "empty list": (
        _set([*ARGUMENTS, "AppSpecification", "ContainerArguments"], []),
        ["Prepare", "AppSpecification.ContainerArguments", "at least 1"],
    ),
    "wrong enum": (
        _set([*ARGUMENTS, "ProcessingOutputConfig", "Outputs", 0, "S3Output", "S3UploadMode"], "Later"),
        ["Prepare", "S3UploadMode", "EndOfJob"],
    ),
    "unknown parameter": (_set(CONTAINER, d.get("Parameters.Nope")), ["Prepare", "Parameters.Nope"]),
    "unknown execution variable": (_set(CONTAINER, d.get("Execution.Nope")), ["Prepare", "Execution.Nope"]),
    "unknown step": (_set(CONTAINER, d.get("Steps.Nope.ProcessingJobName")), ["Prepare", "Nope"]),
    "unknown property": (_set(CONTAINER, d.get("Steps.Train.Nope")), ["Prepare", "Steps.Train.Nope"]),
    "malformed reference": (_set(CONTAINER, d.get("Steps[")), ["Prepare", "Steps["]),
    "reference to nothing": (_set(CONTAINER, d.get("Steps.Train")), ["Prepare", "Steps.Train"]),
    "join without values": (_set(CONTAINER, {"Std:Join": {"On": "/"}}), ["Prepare", "Std:Join", "Values"]),
    "reference inside join": (
        _set(CONTAINER, d.join("/", d.get("Parameters.Nope"))),
        ["Prepare", "Parameters.Nope"],
    ),
    "cycle": (_set(CONTAINER, d.get("Steps.Evaluate.ProcessingJobName")), ["Prepare -> Evaluate -> Prepare"]),
    "cycle with itself": (_set(["Steps", 0, "DependsOn"], ["Prepare"]), ["Prepare -> Prepare"]),
    "cycle through a branch": (_set(["Steps", 1, "DependsOn"], ["Register"]), ["circle", "Register"]),
    "unknown dependency": (_set(["Steps", 0, "DependsOn"], ["Nope"]), ["Prepare", "DependsOn", "Nope"]),
    "dependency is text": (_set(["Steps", 0, "DependsOn"], "Train"), ["Prepare", "DependsOn"]),
    "unknown property file": (
        _set([*CONDITION, "LeftValue"], d.json_get("Evaluate", "Nope", "auc")),
        ["Good", "Nope"],
    ),
    "json path missing": (
        _set([*CONDITION, "LeftValue"], {"Std:JsonGet": {"PropertyFile": d.get("Steps.A.PropertyFiles.B")}}),
        ["Good", "Path"],
    ),
    "property file of no output": (
        _set(["Steps", 2, "PropertyFiles", 0, "OutputName"], "other"),
        ["Evaluate", "PropertyFiles", "other"],
    ),
    "property file without path": (
        _drop(["Steps", 2, "PropertyFiles", 0, "FilePath"]),
        ["Evaluate", "PropertyFiles", "FilePath"],
    ),
    "condition of unknown type": (
        _set([*CONDITION, "Type"], "Roughly"),
        ["Good", "Conditions[0]", "Roughly"],
    ),
    "condition without value": (_drop([*CONDITION, "RightValue"]), ["Good", "RightValue"]),
    "no conditions": (_set(["Steps", 3, "Arguments", "Conditions"], []), ["Good", "Conditions"]),
    "cache duration": (
        _set(["Steps", 2, "CacheConfig", "ExpireAfter"], "soon"),
        ["Evaluate", "ExpireAfter", "soon"],
    ),
    "cache on a step that has none": (
        _set(["Steps", 3, "CacheConfig"], {"Enabled": True}),
        ["Good", "CacheConfig"],
    ),
    "retry of unknown type": (
        _set(["Steps", 2, "RetryPolicies", 0, "ExceptionType"], ["Bad.LUCK"]),
        ["Evaluate", "RetryPolicies[0]", "Bad.LUCK"],
    ),
    "retry without end": (
        _drop(["Steps", 2, "RetryPolicies", 0, "MaxAttempts"]),
        ["Evaluate", "MaxAttempts", "ExpireAfterMin"],
    ),
    "retry too often": (
        _set(["Steps", 2, "RetryPolicies", 0, "MaxAttempts"], 21),
        ["Evaluate", "MaxAttempts"],
    ),
    "parameter of unknown type": (_set(["Parameters", 0, "Type"], "Date"), ["AsOf", "Date"]),
    "parameter default": (_set(["Parameters", 1, "DefaultValue"], "high"), ["Minimum", "DefaultValue"]),
    "parameter default not allowed": (
        _set(["Parameters", 1, "EnumValues"], [0.5]),
        ["Minimum", "EnumValues"],
    ),
    "parameter twice": (_set(["Parameters", 1, "Name"], "AsOf"), ["AsOf", "twice"]),
}


@pytest.mark.parametrize("case", BROKEN)
def test_a_broken_definition_names_step_and_field(case: str) -> None:
    change, words = BROKEN[case]
    document = copy.deepcopy(valid())
    change(document)
    with pytest.raises(InvalidDefinition) as refusal:
        load(json.dumps(document))
    for word in words:
        assert word in str(refusal.value)


@pytest.mark.parametrize("text", ["not json", "[]", "null", '"a"', "", "{"])
def test_text_that_is_no_definition(text: str) -> None:
    with pytest.raises(InvalidDefinition):
        load(text)
