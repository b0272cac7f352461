"""The deployer brings any endpoint to what the stack and the registry want."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from cdk_app.functions.clock import StillInProgressError
from cdk_app.functions.deployer.desired import Desired
from cdk_app.functions.deployer.errors import RolledBackError
from cdk_app.functions.deployer.reconcile import Outcome, endpoint_of, reconcile
from tests.cdk_app.functions.fakes import ENDPOINT, GROUP, IMAGE, World, deadline, desired

TARGET = f"endpoint/{ENDPOINT}/variant/live"


@pytest.fixture
def world() -> World:
    return World()


def run(world: World, want: Desired | None = None, nominated: str | None = None) -> Outcome:
    return reconcile(lambda: want or desired(), nominated, world.clients, deadline())


def deployed(world: World, status: str = "Approved") -> str:
    """A world whose endpoint serves a package; its ARN."""
    package = world.sagemaker.register(status)
    run(world, nominated=package)
    assert world.sagemaker.serving() == package
    return package


def test_the_first_deploy_serves_the_rules(world: World) -> None:
    world.sagemaker.register("PendingManualApproval")
    world.sagemaker.register("Rejected")

    outcome = run(world)

    assert outcome.package == ""
    assert world.sagemaker.serving() is None
    (model,) = world.sagemaker.models.values()
    assert model["PrimaryContainer"] == {"Image": IMAGE, "Environment": {"FRAUDLINE_ENVIRONMENT": "test"}}
    assert model["ExecutionRoleArn"] == desired().role
    assert world.sagemaker.endpoints[ENDPOINT]["EndpointStatus"] == "InService"


def test_a_new_image_serves_the_rules_at_once_and_a_model_with_its_next_package(world: World) -> None:
    """A package keeps the image it was registered with (decision 0003), and the policy that is in it."""
    newer = desired(image=f"{IMAGE}-2")
    before = run(world)
    assert run(world, newer).config != before.config
    package = world.sagemaker.register("Approved")
    serving = run(world, newer, package)
    assert run(world, desired(image=f"{IMAGE}-3")) == serving
    renamed = {"FRAUDLINE_ENVIRONMENT": "test", "FRAUDLINE_POLICY_FILE": "inference/policy/mine.toml"}
    other = run(world, desired(model_environment=renamed))
    assert (other.package, other.config != serving.config) == (package, True)


def test_an_approval_replaces_the_rules_and_tells_the_container_its_version(world: World) -> None:
    run(world)
    package = world.sagemaker.register("Approved")

    outcome = run(world, nominated=package)

    assert outcome.package == package
    model = world.sagemaker.models[outcome.config]
    assert model["PrimaryContainer"]["ModelPackageName"] == package
    assert model["PrimaryContainer"]["Environment"]["FRAUDLINE_MODEL_VERSION"] == f"{GROUP}/1"


def test_a_deploy_keeps_the_approved_model(world: World) -> None:
    package = deployed(world)

    run(world, desired(instance_type="ml.c7i.xlarge"))

    assert world.sagemaker.serving() == package
    assert world.sagemaker.variant()["InstanceType"] == "ml.c7i.xlarge"


def test_scaling_limits_change_without_a_rollout(world: World) -> None:
    deployed(world)
    before = list(world.sagemaker.calls)

    run(world, desired(min_instances=2, max_instances=9, invocations_per_instance=600))

    assert world.sagemaker.calls == before
    assert world.scaling.targets[TARGET]["MinCapacity"] == 2
    assert world.scaling.targets[TARGET]["MaxCapacity"] == 9
    policy = world.scaling.policies[TARGET]["TargetTrackingScalingPolicyConfiguration"]
    assert policy["TargetValue"] == 600.0
    assert policy["PredefinedMetricSpecification"] == {
        "PredefinedMetricType": "SageMakerVariantInvocationsPerInstance"
    }


def test_running_again_changes_nothing(world: World) -> None:
    package = deployed(world)
    before = list(world.sagemaker.calls)

    run(world, nominated=package)
    run(world)

    assert world.sagemaker.calls == before


@pytest.mark.parametrize("status", ["PendingManualApproval", "Rejected"])
def test_an_unapproved_package_is_never_served(world: World, status: str) -> None:
    serving = deployed(world)
    other = world.sagemaker.register(status)

    run(world, nominated=other)

    assert world.sagemaker.serving() == serving


def test_a_package_of_another_group_is_never_served(world: World) -> None:
    run(world)
    foreign = world.sagemaker.register("Approved")
    world.sagemaker.packages[foreign]["ModelPackageGroupName"] = "someone-else"

    run(world, nominated=foreign)

    assert world.sagemaker.serving() is None


@pytest.mark.parametrize("status", ["Rejected", "PendingManualApproval"])
def test_a_serving_package_that_loses_its_approval_gives_way_to_the_newest_other(
    world: World, status: str
) -> None:
    older = [world.sagemaker.register("Approved"), world.sagemaker.register("Approved")]
    serving = deployed(world)

    world.sagemaker.set_approval(serving, status)
    run(world, nominated=serving)

    assert world.sagemaker.serving() == older[-1]


def test_with_no_other_approved_package_the_rules_take_over(world: World) -> None:
    serving = deployed(world)

    world.sagemaker.set_approval(serving, "Rejected")
    run(world, nominated=serving)

    assert world.sagemaker.serving() is None


def test_a_late_event_does_not_undo_a_newer_approval(world: World) -> None:
    first = world.sagemaker.register("Approved")
    second = deployed(world)

    run(world, nominated=first)

    assert world.sagemaker.serving() == second


def test_approving_an_older_version_again_goes_back_to_it(world: World) -> None:
    first = world.sagemaker.register("Approved")
    deployed(world)

    world.sagemaker.set_approval(first, "Approved")
    run(world, nominated=first)

    assert world.sagemaker.serving() == first


def test_a_rollback_is_noticed_although_the_endpoint_is_in_service(world: World) -> None:
    serving = deployed(world)
    world.sagemaker.roll_back_updates = True
    new = world.sagemaker.register("Approved")

    with pytest.raises(RolledBackError, match="InService on"):
        run(world, nominated=new)

    assert world.sagemaker.serving() == serving
    assert TARGET in world.scaling.targets, "the old model must go on scaling"


def test_a_failed_endpoint_is_reported_and_made_anew_next_time(world: World) -> None:
    world.sagemaker.fail_creation = True
    with pytest.raises(RolledBackError, match="did not answer /ping"):
        run(world)

    world.sagemaker.fail_creation = False
    run(world)

    assert world.sagemaker.endpoints[ENDPOINT]["EndpointStatus"] == "InService"


def test_an_update_in_progress_is_waited_for(world: World) -> None:
    deployed(world)
    new = world.sagemaker.register("Approved")
    world.sagemaker.endpoints[ENDPOINT] |= {
        "EndpointStatus": "Updating",
        "then": "InService",
        "next": world.sagemaker.endpoints[ENDPOINT]["EndpointConfigName"],
        "looks": 7,
    }

    run(world, nominated=new)

    assert world.sagemaker.serving() == new


@pytest.mark.parametrize("age", [timedelta(0), timedelta(hours=2)], ids=["kept", "cleaned up by the rival"])
def test_an_update_by_another_run_in_the_same_moment_is_survived(world: World, age: timedelta) -> None:
    world.sagemaker.now -= age
    deployed(world)
    new = world.sagemaker.register("Approved")
    rivals = [lambda: run(world, desired(instance_type="ml.m5.large"))]

    def rival_starts_first() -> None:
        if rivals:
            rivals.pop()()

    world.sagemaker.before_update = rival_starts_first
    want = desired(instance_type="ml.m5.large")
    run(world, want, nominated=new)

    assert world.sagemaker.serving() == new
    assert world.sagemaker.variant()["InstanceType"] == "ml.m5.large"
    assert TARGET in world.scaling.targets


def test_a_configuration_that_changes_during_the_rollout_is_rolled_out_too(world: World) -> None:
    versions = iter([desired(), desired(instance_type="ml.m5.large"), desired(instance_type="ml.m5.large")])
    last = desired(instance_type="ml.m5.large")

    reconcile(lambda: next(versions, last), None, world.clients, deadline())

    assert world.sagemaker.variant()["InstanceType"] == "ml.m5.large"


def test_running_out_of_time_says_so_and_the_next_run_finishes(world: World) -> None:
    world.sagemaker.looks_until_settled = 50
    with pytest.raises(StillInProgressError, match="Creating"):
        reconcile(desired, None, world.clients, deadline(looks=5))

    run(world)

    assert world.sagemaker.calls.count("create_endpoint") == 1


def test_updates_keep_the_instances_and_watch_the_alarms(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    deployed(world)
    requests = []
    update = world.sagemaker.update_endpoint

    def recorded(**request: Any) -> None:
        requests.append(request)
        update(**request)

    monkeypatch.setattr(world.sagemaker, "update_endpoint", recorded)

    run(world, desired(instance_type="ml.m5.large", bake_seconds=120))

    (request,) = requests
    assert request["RetainAllVariantProperties"] is True
    deployment = request["DeploymentConfig"]
    assert deployment["BlueGreenUpdatePolicy"]["TrafficRoutingConfiguration"] == {
        "Type": "ALL_AT_ONCE",
        "WaitIntervalInSeconds": 120,
    }
    assert deployment["AutoRollbackConfiguration"] == {"Alarms": [{"AlarmName": "errors"}]}


@pytest.mark.parametrize(
    ("rollout", "routing"),
    [
        ("canary", {"Type": "CANARY", "CanarySize": {"Type": "CAPACITY_PERCENT", "Value": 20}}),
        ("linear", {"Type": "LINEAR", "LinearStepSize": {"Type": "CAPACITY_PERCENT", "Value": 20}}),
    ],
)
def test_traffic_moves_in_the_configured_steps(
    world: World, monkeypatch: pytest.MonkeyPatch, rollout: str, routing: dict[str, Any]
) -> None:
    run(world)
    requests: list[dict[str, Any]] = []
    update = world.sagemaker.update_endpoint

    def recorded(**request: Any) -> None:
        requests.append(request)
        update(**request)

    monkeypatch.setattr(world.sagemaker, "update_endpoint", recorded)
    run(
        world,
        desired(
            instance_type="ml.m5.large",
            rollout=rollout,
            step_percent=20,
            bake_seconds=90,
            metrics_seconds=10,
        ),
    )
    policy = requests[0]["DeploymentConfig"]["BlueGreenUpdatePolicy"]
    assert policy["TrafficRoutingConfiguration"] == {**routing, "WaitIntervalInSeconds": 90}
    config = world.sagemaker.configs[requests[0]["EndpointConfigName"]]
    assert config["MetricsConfig"] == {"EnableEnhancedMetrics": True, "MetricPublishFrequencyInSeconds": 10}


def test_old_models_are_deleted_but_not_those_another_run_may_be_using(world: World) -> None:
    run(world)
    now = datetime.now(UTC)
    (rules,) = world.sagemaker.models
    for items in (world.sagemaker.models, world.sagemaker.configs):
        items[rules]["CreationTime"] = now - timedelta(hours=2)
        fresh = f"{ENDPOINT}-{'a' * 12}"
        items[fresh] = {"ModelName": fresh, "EndpointConfigName": fresh, "CreationTime": now}
        foreign = f"{ENDPOINT}-of-someone-else"
        items[foreign] = {
            "ModelName": foreign, "EndpointConfigName": foreign, "CreationTime": now - timedelta(days=9),
        }  # fmt: skip
    package = world.sagemaker.register("Approved")

    outcome = run(world, nominated=package)

    assert set(world.sagemaker.models) == {outcome.config, fresh, foreign}
    assert set(world.sagemaker.configs) == {outcome.config, fresh, foreign}


def test_deletion_leaves_nothing_and_can_be_repeated(world: World) -> None:
    deployed(world)
    world.scaling.deregister_scalable_target(ResourceId=TARGET)

    for _ in range(2):
        endpoint_of(world.clients, desired(), deadline()).delete()

    assert not world.sagemaker.endpoints
    assert not world.sagemaker.configs
    assert not world.sagemaker.models
