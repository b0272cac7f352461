"""The deployer with a shadow, without instances, and with a model for each fraud type."""

from __future__ import annotations

import json
from datetime import timedelta

import pytest

from cdk_app.functions.deployer.archives import ArchiveError
from cdk_app.functions.deployer.desired import Desired
from cdk_app.functions.deployer.reconcile import Outcome, endpoint_of, reconcile
from tests.cdk_app.functions.fakes import ENDPOINT, GROUP, Document, World, deadline, desired, refused

TYPES = {"takeover": f"{GROUP}-takeover", "stolen": f"{GROUP}-stolen"}


@pytest.fixture
def world() -> World:
    return World()


def run(world: World, want: Desired, nominated: str | None = None) -> Outcome:
    return reconcile(lambda: want, nominated, world.clients, deadline())


def config(world: World) -> Document:
    return world.sagemaker.configs[world.sagemaker.endpoints[ENDPOINT]["EndpointConfigName"]]


def test_a_shadow_gets_a_copy_of_its_share_and_never_answers(world: World) -> None:
    want = desired(shadow_percent=25)
    live = world.sagemaker.register("Approved")
    run(world, want, live)
    assert "ShadowProductionVariants" not in config(world)
    shadow = world.sagemaker.register("Approved", shadow=True)
    outcome = run(world, want, shadow)
    assert outcome.package == world.sagemaker.serving() == live
    (variant,) = config(world)["ShadowProductionVariants"]
    assert (variant["VariantName"], variant["InitialVariantWeight"]) == ("shadow", 0.25)
    assert (variant["InstanceType"], variant["InitialInstanceCount"]) == ("ml.c7i.large", 1)
    container = world.sagemaker.models[variant["ModelName"]]["PrimaryContainer"]
    assert container["ModelPackageName"] == shadow
    assert container["Environment"] == {
        "FRAUDLINE_ENVIRONMENT": "test",
        "FRAUDLINE_MODEL_VERSION": f"{GROUP}/2",
        "FRAUDLINE_SHADOW": "1",
    }
    calls = list(world.sagemaker.calls)
    for item in (*world.sagemaker.models.values(), *world.sagemaker.configs.values()):
        item["CreationTime"] -= timedelta(hours=2)
    run(world, want)
    assert world.sagemaker.calls == calls
    assert set(world.sagemaker.models) == {outcome.config, variant["ModelName"]}


def test_another_share_is_one_that_the_endpoint_takes(world: World) -> None:
    run(world, desired(), world.sagemaker.register("Approved"))
    shadow = world.sagemaker.register("Approved", shadow=True)
    for percent in (25, 50):
        run(world, desired(shadow_percent=percent), shadow)
        assert world.sagemaker.weights == {"live": 1.0, "shadow": percent / 100}


def test_an_archive_that_cannot_be_copied_is_named(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(**_: object) -> None:
        raise refused("Access Denied", "AccessDenied")

    monkeypatch.setattr(world.s3, "copy_object", refuse)
    package = world.sagemaker.register("Approved", group=TYPES["stolen"])
    with pytest.raises(ArchiveError, match=r"s3://lake/models/1\.tar\.gz cannot be copied .*below models/"):
        run(world, desired(model_types=TYPES), package)


def test_without_a_share_or_a_model_there_is_no_shadow(world: World) -> None:
    shadow = world.sagemaker.register("Approved", shadow=True)
    run(world, desired(shadow_percent=25), shadow)
    assert world.sagemaker.serving() is None
    assert "ShadowProductionVariants" not in config(world)
    live = world.sagemaker.register("Approved")
    run(world, desired(), live)
    assert "ShadowProductionVariants" not in config(world)


def test_a_shadow_that_is_promoted_answers(world: World) -> None:
    want = desired(shadow_percent=100)
    run(world, want, world.sagemaker.register("Approved"))
    shadow = world.sagemaker.register("Approved", shadow=True)
    run(world, want, shadow)
    world.sagemaker.packages[shadow]["CustomerMetadataProperties"] = {}
    world.sagemaker.set_approval(shadow, "Approved")
    assert run(world, want, shadow).package == shadow
    assert "ShadowProductionVariants" not in config(world)


def test_serverless_has_no_instances_to_scale(world: World) -> None:
    serverless = {"MemorySizeInMB": 3072, "MaxConcurrency": 20, "ProvisionedConcurrency": 2}
    run(world, desired())
    package = world.sagemaker.register("Approved")
    assert run(world, desired(serverless=serverless), package).package == package
    (variant,) = config(world)["ProductionVariants"]
    assert variant["ServerlessConfig"] == serverless
    assert not {"InstanceType", "InitialInstanceCount"} & set(variant)
    assert not world.scaling.targets


def test_each_fraud_type_has_the_model_that_was_approved_for_it(world: World) -> None:
    want = desired(model_types=TYPES)
    assert run(world, want).package == ""
    takeover = world.sagemaker.register("Approved", group=TYPES["takeover"])
    stolen = world.sagemaker.register("PendingManualApproval", group=TYPES["stolen"])
    first = run(world, want, takeover)
    container = world.sagemaker.models[first.config]["PrimaryContainer"]
    prefix = f"models/served/{first.config}/"
    assert (container["Mode"], container["ModelDataUrl"]) == ("MultiModel", f"s3://lake/{prefix}")
    assert json.loads(container["Environment"]["FRAUDLINE_MODEL_PACKAGES"]) == {"takeover.tar.gz": takeover}
    assert world.s3.objects == {f"lake/{prefix}takeover.tar.gz": "lake/models/1.tar.gz"}
    world.sagemaker.set_approval(stolen, "Approved")
    second = run(world, want, stolen)
    assert second.package == f"{stolen}, {takeover}"
    folder = f"lake/models/served/{second.config}/"
    assert world.s3.objects == {  # what the first one had is gone
        f"{folder}takeover.tar.gz": "lake/models/1.tar.gz",
        f"{folder}stolen.tar.gz": "lake/models/2.tar.gz",
    }
    calls = list(world.sagemaker.calls)
    run(world, want)
    assert world.sagemaker.calls == calls


def test_an_older_version_that_is_approved_again_comes_back_for_its_type_alone(world: World) -> None:
    want = desired(model_types=TYPES)
    old, new = (world.sagemaker.register("Approved", group=TYPES["takeover"]) for _ in range(2))
    stolen = world.sagemaker.register("Approved", group=TYPES["stolen"])
    assert run(world, want, new).package == f"{stolen}, {new}"
    world.sagemaker.set_approval(old, "Approved")
    assert run(world, want, old).package == f"{stolen}, {old}"
    assert run(world, want).package == f"{stolen}, {old}"


def test_deletion_takes_the_archives_along(world: World) -> None:
    want = desired(model_types=TYPES)
    world.s3.objects["lake/models/served/another-endpoint-0123456789ab/a.tar.gz"] = "lake/a"
    run(world, want, world.sagemaker.register("Approved", group=TYPES["stolen"]))
    world.scaling.deregister_scalable_target(ResourceId=f"endpoint/{ENDPOINT}/variant/live")
    endpoint_of(world.clients, want, deadline()).delete()
    assert list(world.s3.objects) == ["lake/models/served/another-endpoint-0123456789ab/a.tar.gz"]
    assert not world.sagemaker.models
