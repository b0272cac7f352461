"""Parameters of an execution, retry policies, and the fitting of arguments to the API."""

from __future__ import annotations

from typing import Any

import pytest

from mirror.api import ServiceError
from mirror.pipelines import parameters, shapes
from mirror.pipelines.retries import delay_for, parse_retry_policies
from mirror.pipelines.steps.base import job_name
from mirror.pipelines.validation import load
from tests.mirror.pipelines import definitions as d

DEFINITION = load(
    d.text(
        d.fail("End", "x"),
        parameters=[
            d.parameter("AsOf"),
            d.parameter("Days", "Integer", 90),
            d.parameter("Minimum", "Float", 0.9),
            d.parameter("Force", "Boolean", False),
            d.parameter("Size", "String", "small", EnumValues=["small", "large"]),
        ],
    )
)


def _given(**values: str) -> list[dict[str, str]]:
    return [{"Name": name, "Value": value} for name, value in values.items()]


def test_values_are_typed_and_defaults_filled_in() -> None:
    values = parameters.resolve(DEFINITION, _given(AsOf="2026-03-01", Days="7", Minimum="1", Force="true"))
    assert values == {"AsOf": "2026-03-01", "Days": 7, "Minimum": 1.0, "Force": True, "Size": "small"}


@pytest.mark.parametrize(
    ("values", "word"),
    [
        ({}, "AsOf"),
        ({"AsOf": "x", "Nope": "1"}, "Nope"),
        ({"AsOf": "x", "Days": "seven"}, "Integer"),
        ({"AsOf": "x", "Days": "7.5"}, "Integer"),
        ({"AsOf": "x", "Minimum": "high"}, "Float"),
        ({"AsOf": "x", "Force": "yes"}, "Boolean"),
        ({"AsOf": "x", "Size": "medium"}, "small, large"),
    ],
)
def test_refused_parameters(values: dict[str, str], word: str) -> None:
    with pytest.raises(ServiceError, match=word) as refusal:
        parameters.resolve(DEFINITION, _given(**values))
    assert refusal.value.code == "ValidationException"


def test_a_parameter_given_twice() -> None:
    with pytest.raises(ServiceError, match="twice"):
        parameters.resolve(DEFINITION, _given(AsOf="a") + _given(AsOf="b"))


def _policy(**fields: Any) -> dict[str, Any]:
    return {"ExceptionType": ["SageMaker.JOB_INTERNAL_ERROR"], **fields}


def test_retries_back_off_and_end() -> None:
    policies = parse_retry_policies([_policy(IntervalSeconds=3, BackoffRate=2, MaxAttempts=3)], "step 'A'")
    pauses = [delay_for(policies, "SageMaker.JOB_INTERNAL_ERROR", retry, 0.0) for retry in (1, 2, 3, 4)]
    assert pauses == [3, 6, 12, None]
    assert delay_for(policies, "Step.THROTTLING", 1, 0.0) is None
    assert delay_for(policies, None, 1, 0.0) is None


def test_retries_expire() -> None:
    policies = parse_retry_policies(
        [_policy(IntervalSeconds=30, BackoffRate=1, ExpireAfterMin=1)], "step 'A'"
    )
    assert delay_for(policies, "SageMaker.JOB_INTERNAL_ERROR", 1, 20.0) == 30
    assert delay_for(policies, "SageMaker.JOB_INTERNAL_ERROR", 2, 40.0) is None


def test_arguments_are_fitted_to_the_types_of_the_api() -> None:
    shape = shapes.request_shape("Training")
    assert shape is not None
    fitted = shapes.fit(
        {"HyperParameters": {"depth": 6, "eta": 0.1, "gpu": False}, "ResourceConfig": {"InstanceCount": "2"}},
        shape,
    )
    assert fitted == {
        "HyperParameters": {"depth": "6", "eta": "0.1", "gpu": "false"},
        "ResourceConfig": {"InstanceCount": 2},
    }


@pytest.mark.parametrize("step", ["A", "Train_Model", "x" * 64])
def test_job_names_fit_the_service(step: str) -> None:
    name = job_name("abcdefghijkl", step)
    assert len(name) <= 63
    assert name.startswith("pipelines-abcdefghijkl-")
    assert name.replace("-", "").isalnum()
