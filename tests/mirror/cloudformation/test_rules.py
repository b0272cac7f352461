"""The assertions of a template's ``Rules`` section."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from mirror.api import Context, ServiceError
from mirror.aws import Aws
from mirror.cloud import Cloud
from mirror.cloudformation.desired import desired
from mirror.cloudformation.rules import check_rules
from mirror.cloudformation.store import Store, new_stack
from tests.mirror.cloudformation.resolving import resolver

PARAMETERS = {"Stage": "dev", "Zones": ["a", "b"], "Same": ["x", "x"], "Version": "5"}
IS_PROD = {"Fn::Equals": [{"Ref": "Stage"}, "prod"]}
IS_DEV = {"Fn::Equals": [{"Ref": "Stage"}, "dev"]}


def check(rule: dict[str, Any]) -> None:
    check_rules(resolver({"Rules": {"Checked": rule}}, PARAMETERS))


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        (IS_DEV, True),
        (IS_PROD, False),
        ({"Fn::Not": [IS_PROD]}, True),
        ({"Fn::And": [IS_DEV, IS_PROD]}, False),
        ({"Fn::Or": [IS_DEV, IS_PROD]}, True),
        ({"Fn::Contains": [["dev", "test"], {"Ref": "Stage"}]}, True),
        ({"Fn::Contains": [["prod"], {"Ref": "Stage"}]}, False),
        ({"Fn::Contains": [[5, 6], {"Ref": "Version"}]}, True),
        ({"Fn::EachMemberEquals": [{"Ref": "Same"}, "x"]}, True),
        ({"Fn::EachMemberEquals": [{"Ref": "Zones"}, "a"]}, False),
        ({"Fn::EachMemberIn": [{"Ref": "Zones"}, ["a", "b", "c"]]}, True),
        ({"Fn::EachMemberIn": [{"Ref": "Zones"}, ["b", "c"]]}, False),
    ],
)
def test_functions(expression: dict[str, Any], expected: bool) -> None:
    rule = {"Assertions": [{"Assert": expression, "AssertDescription": "no"}]}
    if expected:
        check(rule)
    else:
        with pytest.raises(ServiceError, match=r"Rule Checked: no$") as raised:
            check(rule)
        assert raised.value.code == "ValidationError"


def test_a_rule_applies_under_its_condition_only() -> None:
    failing = {"Assertions": [{"Assert": IS_PROD, "AssertDescription": "prod only"}]}
    check({**failing, "RuleCondition": IS_PROD})
    with pytest.raises(ServiceError, match="Rule Checked: prod only"):
        check({**failing, "RuleCondition": IS_DEV})


def test_every_assertion_that_fails_is_told() -> None:
    assertions = [{"Assert": IS_PROD, "AssertDescription": text} for text in ("one", "two")]
    with pytest.raises(ServiceError, match=r"Rule Checked: one; Rule Checked: two$"):
        check({"Assertions": assertions})


@pytest.mark.parametrize(
    ("rule", "named"),
    [
        (
            {"Assertions": [{"Assert": {"Fn::Contains": [{"Fn::RefAll": "x"}, "a"]}}]},
            "Fn::RefAll is not supp",
        ),
        (
            {"RuleCondition": IS_PROD, "Assertions": [{"Assert": {"Fn::ValueOf": ["Stage", "x"]}}]},
            "function Fn::ValueOf is not supported",
        ),
        ({"Assertions": [{"Assert": {"Condition": "C"}}]}, "Condition is not a condition that"),
        ({"Assertions": [{"Assert": {"Fn::Equals": [{"Ref": "Colour"}, "red"]}}]}, "reference Colour"),
        ({"Assertions": [{"Assert": {"Fn::Equals": ["a"]}}]}, "is malformed"),
        ({"Assertions": [{"Assert": {"Fn::Contains": ["dev", "d"]}}]}, "malformed.*expected a list"),
        ({"RuleCondition": IS_DEV}, "malformed.*Assertions"),
        ({"Assertions": [], "Assertion": []}, "Assertion is not supported"),
    ],
)
def test_what_is_not_evaluated_is_refused_by_name(rule: dict[str, Any], named: str) -> None:
    with pytest.raises(ServiceError, match=f"Rule Checked.*{named}") as raised:
        check(rule)
    assert raised.value.code == "ValidationError"


def test_a_stack_is_refused_and_its_way_back_is_not(tmp_path: Path) -> None:
    ctx = Context(Cloud(tmp_path), "us-east-1")
    old = {"Fn::Not": [{"Fn::Contains": [["1", "2", "3", "4", "5"], {"Ref": "BootstrapVersion"}]}]}
    rule = {"Assertions": [{"Assert": old, "AssertDescription": "CDK bootstrap stack version 6 required."}]}
    template = {
        "Parameters": {"BootstrapVersion": {"Type": "String", "Default": "5"}},
        "Rules": {"CheckBootstrapVersion": rule},
        "Resources": {},
    }
    stack, body = new_stack(ctx, "s", "CREATE_IN_PROGRESS"), json.dumps(template)
    with pytest.raises(
        ServiceError, match=r"CheckBootstrapVersion: CDK bootstrap stack version 6 required\."
    ):
        desired(Aws(ctx), Store(ctx), stack, body, {})
    new = {"Parameters": [{"ParameterKey": "BootstrapVersion", "ParameterValue": "21"}]}
    assert desired(Aws(ctx), Store(ctx), stack, body, new).parameters.given == {"BootstrapVersion": "21"}
    assert desired(Aws(ctx), Store(ctx), stack, body, {}, returning=True).body == body
