"""N5: the model package group."""

from __future__ import annotations

import pytest

from tests.cdk_app.synthesis import Assembly

pytestmark = pytest.mark.slow


@pytest.mark.parametrize(("environment", "policy"), [("dev", "Delete"), ("prod", "Retain")])
def test_packages_outlive_the_stack_outside_disposable_environments(
    request: pytest.FixtureRequest, environment: str, policy: str
) -> None:
    assembly: Assembly = request.getfixturevalue(environment)
    group = assembly.template("registry").resource(
        "AWS::SageMaker::ModelPackageGroup", "ModelPackageGroupName", f"fraudline-{environment}-fraud"
    )
    assert group["DeletionPolicy"] == group["UpdateReplacePolicy"] == policy


def test_a_disposable_registry_is_emptied_before_it_is_deleted(dev: Assembly) -> None:
    disposal = dev.template("registry").only("Custom::FraudlineDisposal")
    assert disposal["ModelPackageGroup"] == "fraudline-dev-fraud"
