"""The reviewer's commands: versions are found, verdicts recorded, mistakes answered with what there is."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import pytest
from click.testing import CliRunner

from cdk_app.functions.deployer.registry import SHADOW as DEPLOYERS_SHADOW
from pipelines.commands import rollout
from pipelines.commands.models import models
from pipelines.commands.registry import SHADOW
from pipelines.commands.rollout import Serving
from processing.commands import target

GROUP = "fraudline-dev-fraud"
REVIEWER = "arn:aws:sts::123456789012:assumed-role/reviewers/ada"


class _Registry:
    """A model package group with two versions that wait for approval."""

    def __init__(self) -> None:
        self.statuses: list[str] = []
        self.group = GROUP
        self.packages: dict[str, Any] = {
            f"arn:aws:sagemaker:us-east-1:123456789012:model-package/{GROUP}/{version}": {
                "ModelPackageVersion": version,
                "ModelApprovalStatus": "PendingManualApproval",
                "CreationTime": datetime(2026, 3, version, tzinfo=UTC),
                "CustomerMetadataProperties": {"auc": f"0.9{version}"},
            }
            for version in (1, 2)
        }

    def get_caller_identity(self) -> dict[str, str]:
        return {"Arn": REVIEWER}

    def get_paginator(self, name: str) -> _Registry:
        assert name == "list_model_packages"
        return self

    def paginate(self, **parameters: str) -> Iterator[dict[str, Any]]:
        assert parameters["ModelPackageGroupName"] == self.group
        for arn in self.packages:
            yield {"ModelPackageSummaryList": [{"ModelPackageArn": arn}]}

    def describe_model_package(self, **parameters: str) -> dict[str, Any]:
        arn = parameters["ModelPackageName"]
        return {"ModelPackageArn": arn, **self.packages[arn]}

    def update_model_package(self, **parameters: Any) -> None:
        package: dict[str, Any] = self.packages[parameters.pop("ModelPackageArn")]
        package["CustomerMetadataProperties"] |= parameters.pop("CustomerMetadataProperties", {})
        for name in parameters.pop("CustomerMetadataPropertiesToRemove", []):
            del package["CustomerMetadataProperties"][name]
        package.update(parameters)
        self.statuses.append(package["ModelApprovalStatus"])


@pytest.fixture
def registry(monkeypatch: pytest.MonkeyPatch) -> _Registry:
    service = _Registry()
    monkeypatch.setattr(target.Target, "client", lambda *_: service)
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:1")
    return service


def _run(*arguments: str) -> tuple[int, str]:
    result = CliRunner().invoke(models, arguments)
    return result.exit_code, result.stdout if result.exit_code == 0 else result.output


def test_versions_are_listed_newest_first(registry: _Registry) -> None:
    code, output = _run("list", "--json")
    assert code == 0
    assert [(item["version"], item["summary"]["auc"]) for item in json.loads(output)] == [
        (2, "0.92"),
        (1, "0.91"),
    ]


@pytest.mark.parametrize(("wanted", "version"), [("latest", 2), ("1", 1)])
def test_an_approval_is_recorded_with_its_comment(registry: _Registry, wanted: str, version: int) -> None:
    code, output = _run("approve", wanted, "--comment", "read the report", "--json")
    assert code == 0
    decided = json.loads(output)
    assert (decided["version"], decided["status"]) == (version, "Approved")
    assert (decided["comment"], decided["reviewer"]) == ("read the report", REVIEWER)
    assert "reviewer" not in decided["summary"]
    statuses = {
        item["ModelPackageVersion"]: item["ModelApprovalStatus"] for item in registry.packages.values()
    }
    assert statuses == {version: "Approved", 3 - version: "PendingManualApproval"}


def test_a_shadow_is_promoted_by_approving_it_once_more(
    registry: _Registry, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert SHADOW == DEPLOYERS_SHADOW
    monkeypatch.setattr(rollout, "look", lambda *_: Serving("InService", None, "", 0.0))
    code, output = _run("approve", "2", "--shadow")
    assert code == 0
    assert "Version 2 is now Approved as shadow" in output
    code, output = _run("list", "--json")
    assert [(item["version"], item["shadow"]) for item in json.loads(output)] == [(2, True), (1, False)]
    assert json.loads(output)[0]["summary"] == {"auc": "0.92"}
    code, output = _run("approve", "2")
    assert f"Version 2 is now Approved by {REVIEWER}\n" in output
    # The deployer hears of changes of the status only.
    assert registry.statuses == ["Approved", "PendingManualApproval", "Approved"]


def test_what_answers_does_not_become_a_shadow(registry: _Registry, monkeypatch: pytest.MonkeyPatch) -> None:
    answering = Serving("InService", next(iter(registry.packages)), "", 0.0)
    monkeypatch.setattr(rollout, "look", lambda *_: answering)
    code, output = _run("approve", "1", "--shadow")
    assert code == 1
    assert "version 1 is the one that answers: approve another one before this as shadow" in output
    assert registry.statuses == []
    assert _run("approve", "2", "--shadow")[0] == 0


def test_nobody_waits_for_a_shadow(registry: _Registry) -> None:
    code, output = _run("approve", "2", "--shadow", "--wait")
    assert code == 2
    assert "leave out --shadow and --type" in output


def test_a_fraud_type_has_versions_of_its_own(registry: _Registry) -> None:
    registry.group = f"{GROUP}-takeover"
    code, output = _run("approve", "1", "--type", "takeover")
    assert code == 0
    assert "Version 1 is now Approved" in output


def test_a_rejection_needs_a_reason(registry: _Registry) -> None:
    code, output = _run("reject", "2")
    assert code == 2
    assert "--comment" in output
    assert _run("reject", "2", "--comment", "recall fell")[0] == 0


def test_a_comment_that_sagemaker_would_not_keep_is_refused(registry: _Registry) -> None:
    assert _run("approve", "2", "--comment", "x" * 1024)[0] == 0
    code, output = _run("approve", "2", "--comment", "x" * 1025)
    assert code == 1
    assert "comment: 1025 characters are more than the 1024" in output
    assert registry.statuses == ["Approved"]


def test_the_card_is_approved_when_its_model_is_and_waits_again_when_it_is_not(registry: _Registry) -> None:
    package = list(registry.packages.values())[1]
    package["ModelCard"] = {"ModelCardContent": '{"a": 1}', "ModelCardStatus": "PendingReview"}
    code, output = _run("approve", "2", "--json")
    assert (code, json.loads(output)["card_status"]) == (0, "Approved")
    assert package["ModelCard"] == {"ModelCardContent": '{"a": 1}', "ModelCardStatus": "Approved"}
    code, output = _run("show", "2")
    assert "Approved; the package's ModelCard, see --json" in output
    assert json.loads(_run("show", "2", "--json")[1])["card"] == {"a": 1}
    assert _run("reject", "2", "--comment", "recall fell")[0] == 0
    assert package["ModelCard"]["ModelCardStatus"] == "PendingReview"


def test_an_unknown_version_is_answered_with_those_there_are(registry: _Registry) -> None:
    code, output = _run("show", "9")
    assert code == 1
    assert "no version '9': use one of 2, 1, or latest" in output


def test_an_empty_group_says_how_to_fill_it(registry: _Registry) -> None:
    registry.packages.clear()
    code, output = _run("show")
    assert code == 1
    assert "fraudline pipeline run" in output
