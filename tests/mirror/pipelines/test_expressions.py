"""Get, Std:Join and Std:JsonGet, and the conditions that use them."""

from __future__ import annotations

from contextlib import suppress
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mirror.pipelines import conditions
from mirror.pipelines.durations import parse_duration
from mirror.pipelines.errors import EvaluationError, InvalidDefinition
from mirror.pipelines.expressions import (
    Reference,
    evaluate,
    follow,
    json_path,
    parse_reference,
    references,
)
from tests.mirror.pipelines import definitions as d

REPORT = {"metrics": {"auc": {"value": 0.97}, "runs": [1, 2]}, "key.with.dots": "x"}


class Values:
    """A scope of fixed values."""

    def __init__(self, **values: Any) -> None:
        self.values = values

    def get(self, reference: Reference) -> Any:
        return follow(self.values[reference.name], reference.path[1:], reference.text)

    def property_file(self, step: str, name: str) -> Any:
        assert (step, name) == ("Evaluate", "Report")
        return REPORT

    def document(self, uri: str) -> Any:
        assert uri == "s3://jobs/7/report.json"
        return REPORT


@pytest.mark.parametrize(
    ("text", "path"),
    [
        ("Parameters.AsOf", ("AsOf",)),
        ("Steps.A.Outputs['x y'].S3Output", ("A", "Outputs", "x y", "S3Output")),
        ('Steps.A.Outputs["x.y"]', ("A", "Outputs", "x.y")),
        ("Steps.A.List[3].B", ("A", "List", 3, "B")),
        ("Steps.my-step.X", ("my-step", "X")),
    ],
)
def test_references(text: str, path: tuple[Any, ...]) -> None:
    assert parse_reference(text).path == path


@pytest.mark.parametrize(
    "text", ["", "Steps", "Other.A", "Steps.A[", "Steps.A['b]", ".", None, 3, "Parameters"]
)
def test_malformed_references(text: Any) -> None:
    with pytest.raises(InvalidDefinition):
        parse_reference(text)


@given(st.one_of(st.text(), st.from_regex(r"(Steps|Parameters)[.\[\]'\"a-z0-9]*", fullmatch=True)))
def test_any_text_is_a_reference_or_refused(text: str) -> None:
    with suppress(InvalidDefinition):
        assert len(parse_reference(text).path) >= 1


def test_join_writes_values_as_json_does() -> None:
    scope = Values(N=3, F=0.5, B=True, S="s")
    value = d.join("/", *(d.get(f"Parameters.{name}") for name in "NFBS"), "end")
    assert evaluate(value, scope) == "3/0.5/true/s/end"


def test_expressions_are_found_and_replaced_at_any_depth() -> None:
    tree = {"a": [{"b": d.join("-", "x", d.get("Parameters.P"))}], "c": 1, "Get": 2}
    assert [reference.name for reference in references(tree)] == ["P"]
    assert evaluate(tree, Values(P="y")) == {"a": [{"b": "x-y"}], "c": 1, "Get": 2}


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("metrics.auc.value", 0.97),
        ("$.metrics.auc.value", 0.97),
        ("metrics['auc'].value", 0.97),
        ("metrics.runs[1]", 2),
        ("['key.with.dots']", "x"),
    ],
)
def test_json_get(path: str, value: Any) -> None:
    assert evaluate(d.json_get("Evaluate", "Report", path), Values()) == value
    located = {
        "Std:JsonGet": {
            "S3Uri": d.join("/", "s3:/", "jobs", d.get("Parameters.N"), "report.json"),
            "Path": path,
        }
    }
    assert evaluate(located, Values(N=7)) == value


@pytest.mark.parametrize("path", ["metrics.f1", "metrics.runs[9]", "metrics.auc.value.deeper", "metrics["])
def test_json_get_of_nothing(path: str) -> None:
    with pytest.raises(EvaluationError, match="Std:JsonGet"):
        evaluate(d.json_get("Evaluate", "Report", path), Values())


def test_json_path_of_the_whole_document() -> None:
    assert json_path("$") == ()


@pytest.mark.parametrize(
    ("condition", "outcome"),
    [
        (d.compare("Equals", 1, 1.0), True),
        (d.compare("Equals", True, 1), False),
        (d.compare("Equals", "a", "a"), True),
        (d.compare("GreaterThan", 2, 2), False),
        (d.compare("GreaterThanOrEqualTo", 2, 2), True),
        (d.compare("LessThan", "a", "b"), True),
        (d.compare("LessThanOrEqualTo", 3, 2), False),
        ({"Type": "In", "QueryValue": "b", "Values": ["a", "b"]}, True),
        ({"Type": "In", "QueryValue": True, "Values": [1]}, False),
        ({"Type": "Not", "Expression": d.compare("Equals", 1, 2)}, True),
        ({"Type": "Not", "Condition": d.compare("Equals", 1, 1)}, False),
        ({"Type": "Or", "Conditions": [d.compare("Equals", 1, 2), d.compare("Equals", 1, 1)]}, True),
    ],
)
def test_conditions(condition: d.Json, outcome: bool) -> None:
    arguments = {"Conditions": [condition]}
    conditions.check(arguments, "step 'C'")
    assert conditions.holds(arguments, Values()) is outcome


def test_all_conditions_of_a_step_have_to_hold() -> None:
    assert not conditions.holds(
        {"Conditions": [d.compare("Equals", 1, 1), d.compare("Equals", 1, 2)]}, Values()
    )


@pytest.mark.parametrize(("left", "right"), [(1, "1"), (True, 0), (None, 1), ([1], [0])])
def test_values_that_cannot_be_compared(left: Any, right: Any) -> None:
    with pytest.raises(EvaluationError, match="cannot be compared"):
        conditions.holds({"Conditions": [d.compare("LessThan", left, right)]}, Values())


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("P30D", 2_592_000),
        ("PT1H", 3600),
        ("30d", 2_592_000),
        ("30dT5h", 2_610_000),
        ("T16m", 960),
        ("P1Y2M1W", 37_324_800),
    ],
)
def test_durations(text: str, seconds: float) -> None:
    assert parse_duration(text) == seconds


@pytest.mark.parametrize("text", ["", "P", "PT", "soon", "1", "P1H", "-P1D", None, 5])
def test_not_durations(text: Any) -> None:
    with pytest.raises(ValueError, match="not an ISO 8601 duration"):
        parse_duration(text)
