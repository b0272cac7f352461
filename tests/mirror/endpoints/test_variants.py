"""Shadows, serverless endpoints and several models behind one endpoint, through boto3."""

from __future__ import annotations

import json
import os
import signal
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError

from mirror.endpoints.target_models import name_of
from tests.inference.running import GOOD
from tests.mirror.endpoints.hosting_client import BUCKET, ROLE, HostingClient
from tests.mirror.running import RunningMirror, free_port

pytestmark = pytest.mark.slow

_IDLE_S = 2.0


@pytest.fixture(scope="module")
def mirror(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningMirror]:
    """One whose serverless endpoints sleep soon."""
    running = RunningMirror(tmp_path_factory.mktemp("mirror"), free_port())
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("FRAUDLINE_SERVERLESS_IDLE_S", str(_IDLE_S))
        running.start()
    yield running
    running.stop()


@pytest.fixture(scope="module")
def urls(client: HostingClient, tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """Archives of two models that differ."""
    folder = tmp_path_factory.mktemp("bundles")
    return {name: client.upload_bundle(folder, name, seed=seed) for seed, name in enumerate(("one", "two"))}


def model(client: HostingClient, name: str, **container: Any) -> None:
    environment = {"FRAUDLINE_KERNEL": "python", "FRAUDLINE_REPLAY": "1", "FRAUDLINE_WORKERS": "1"}
    environment |= container.pop("Environment", {})
    client.sagemaker.create_model(
        ModelName=name,
        ExecutionRoleArn=ROLE,
        PrimaryContainer={"Image": client.image, "Environment": environment, **container},
    )


def variant(model_name: str, name: str = "live", **changes: Any) -> dict[str, Any]:
    where = (
        {} if "ServerlessConfig" in changes else {"InstanceType": "ml.m5.large", "InitialInstanceCount": 1}
    )
    return {"VariantName": name, "ModelName": model_name, **where, **changes}


def invocations(client: HostingClient, endpoint: str, variant_name: str) -> float:
    """How many the mirror has measured, once that no longer changes."""
    before, now = -1.0, 0.0
    while before != now or not now:
        time.sleep(1.5)
        before, found = (
            now,
            client.mirror.client("cloudwatch").get_metric_statistics(
                Namespace="AWS/SageMaker",
                MetricName="Invocations",
                Dimensions=[
                    {"Name": "EndpointName", "Value": endpoint},
                    {"Name": "VariantName", "Value": variant_name},
                ],
                StartTime=datetime.now(UTC) - timedelta(minutes=10),
                EndTime=datetime.now(UTC) + timedelta(minutes=1),
                Period=3600,
                Statistics=["Sum"],
            ),
        )
        now = sum(point["Sum"] for point in found["Datapoints"])
    return now


def test_a_shadow_gets_a_copy_and_its_answers_reach_nobody(
    client: HostingClient, urls: dict[str, str], tmp_path: Path
) -> None:
    model(client, "answers", ModelDataUrl=urls["one"], Environment={"FRAUDLINE_MODEL_VERSION": "answers"})
    shadowed = {
        "FRAUDLINE_MODEL_VERSION": "shadow",
        "FRAUDLINE_SHADOW": "1",
        "FRAUDLINE_LOG_STREAM": "off",
        "FRAUDLINE_AUDIT_URI": str(tmp_path),
        "FRAUDLINE_AUDIT_FLUSH_S": "1",
    }
    model(client, "shadows", ModelDataUrl=urls["two"], Environment=shadowed)
    client.sagemaker.create_endpoint_config(
        EndpointConfigName="shadowed",
        ProductionVariants=[variant("answers", InitialVariantWeight=1.0)],
        ShadowProductionVariants=[variant("shadows", "shadow", InitialVariantWeight=0.5)],
    )
    described = client.create_endpoint("shadowed", "shadowed")
    assert [item["VariantName"] for item in described["ProductionVariants"]] == ["live"]
    (shadow,) = described["ShadowProductionVariants"]
    assert (shadow["VariantName"], shadow["CurrentWeight"]) == ("shadow", 0.5)
    answers = [client.invoke("shadowed", transaction_id=f"t-{number}") for number in range(60)]
    assert {answer["model_version"] for answer in answers} == {"answers"}
    assert invocations(client, "shadowed", "live") == 60
    copied = invocations(client, "shadowed", "shadow")
    assert 12 <= copied <= 48  # binomial of 60 and a half: 1 in 10 million is outside
    client.sagemaker.delete_endpoint(EndpointName="shadowed")
    deadline = time.monotonic() + 30
    while _recorded(tmp_path) < copied and time.monotonic() < deadline:
        time.sleep(0.2)
    assert _recorded(tmp_path) == copied


def _recorded(folder: Path) -> int:
    """Decisions in an audit, all of them the shadow's."""
    import pyarrow.parquet as pq

    versions = [
        version
        for file in folder.rglob("*.parquet")
        for version in pq.read_table(file, columns=["model_version"])["model_version"].to_pylist()
    ]
    assert set(versions) <= {"shadow"}
    return len(versions)


def test_a_serverless_endpoint_sleeps_and_wakes(client: HostingClient, urls: dict[str, str]) -> None:
    model(client, "sleeper", ModelDataUrl=urls["one"], Environment={"FRAUDLINE_MODEL_VERSION": "sleeper"})
    serverless = {"MemorySizeInMB": 2048, "MaxConcurrency": 2}
    client.sagemaker.create_endpoint_config(
        EndpointConfigName="sleeper", ProductionVariants=[variant("sleeper", ServerlessConfig=serverless)]
    )
    before = set(client.servers())
    (described,) = client.create_endpoint("sleeper", "sleeper")["ProductionVariants"]
    assert described["CurrentServerlessConfig"] == serverless
    assert "CurrentInstanceCount" not in described
    assert client.invoke("sleeper")["model_version"] == "sleeper"
    (server,) = set(client.servers()) - before
    assert client.gone(server)
    assert not set(client.servers()) - before
    began = time.monotonic()
    assert client.invoke("sleeper")["model_version"] == "sleeper"  # its caller waits for the start
    cold_s = time.monotonic() - began
    began = time.monotonic()
    client.invoke("sleeper")
    assert time.monotonic() - began < cold_s / 2
    client.sagemaker.delete_endpoint(EndpointName="sleeper")


def test_provisioned_concurrency_stays_warm_and_more_at_once_is_throttled(
    client: HostingClient, urls: dict[str, str]
) -> None:
    model(client, "warm", ModelDataUrl=urls["one"])
    serverless = {"MemorySizeInMB": 2048, "MaxConcurrency": 1, "ProvisionedConcurrency": 1}
    client.sagemaker.create_endpoint_config(
        EndpointConfigName="warm", ProductionVariants=[variant("warm", ServerlessConfig=serverless)]
    )
    before = set(client.servers())
    client.create_endpoint("warm", "warm")
    (server,) = set(client.servers()) - before
    time.sleep(2 * _IDLE_S)
    assert client.invoke("warm")["decision"]
    assert server in client.servers()
    batch = json.dumps([GOOD | {"transaction_id": f"b-{number}"} for number in range(2_000)])

    def ask(_: int) -> str:
        try:
            client.runtime.invoke_endpoint(EndpointName="warm", ContentType="application/json", Body=batch)
        except ClientError as error:
            return str(error.response["Error"]["Code"])
        return "answered"

    with ThreadPoolExecutor(6) as pool:
        outcomes = list(pool.map(ask, range(6)))
    assert set(outcomes) == {"answered", "ThrottlingException"}
    client.sagemaker.delete_endpoint(EndpointName="warm")


def test_each_model_of_an_endpoint_answers_under_its_name(
    client: HostingClient, urls: dict[str, str]
) -> None:
    for name in urls:
        source = {"Bucket": BUCKET, "Key": f"{name}/model.tar.gz"}
        client.s3.copy_object(Bucket=BUCKET, Key=f"several/{name}.tar.gz", CopySource=source)
    client.s3.put_object(Bucket=BUCKET, Key="several/broken.tar.gz", Body=b"no archive")
    packages = {"one.tar.gz": "arn:aws:sagemaker:us-east-1:123456789012:model-package/fraud-one/4"}
    environment = {"FRAUDLINE_MODEL_PACKAGES": json.dumps(packages), "FRAUDLINE_MOST_MODELS": "1"}
    prefix = f"s3://{BUCKET}/several/"
    model(client, "several", Mode="MultiModel", ModelDataUrl=prefix, Environment=environment)
    client.sagemaker.create_endpoint_config(
        EndpointConfigName="several", ProductionVariants=[variant("several")]
    )
    before = set(client.servers())
    client.create_endpoint("several", "several")

    def ask(**target: str) -> dict[str, Any]:
        response = client.runtime.invoke_endpoint(
            EndpointName="several", ContentType="application/json", Body=json.dumps(GOOD), **target
        )
        answer: dict[str, Any] = json.load(response["Body"])
        return answer

    # Only one fits: each makes room for the next.
    answers = [ask(TargetModel=f"{name}.tar.gz") for name in ("one", "two", "one", "two")]
    assert [answer["model_version"] for answer in answers] == ["fraud-one/4", name_of("two.tar.gz")] * 2
    assert [answer["decided_by"] for answer in answers] == ["model"] * 4
    assert answers[0]["score"] == answers[2]["score"] != answers[1]["score"] == answers[3]["score"]
    for target, message in (
        ({}, "name one as TargetModel"),
        ({"TargetModel": "three.tar.gz"}, "Failed to download model data"),
        ({"TargetModel": "broken.tar.gz"}, "Failed to extract model data"),
        ({"TargetModel": "../one/model.tar.gz"}, "use the name of an archive"),
    ):
        with pytest.raises(ClientError, match=message) as refused:
            ask(**target)
        assert refused.value.response["Error"]["Code"] == "ValidationError"
    # And none is taken from those who use it.
    with ThreadPoolExecutor(4) as pool:
        asked = ["one.tar.gz", "two.tar.gz"] * 10
        at_once = list(pool.map(lambda name: ask(TargetModel=name)["model_version"], asked))
    assert at_once == [answers[0]["model_version"], answers[1]["model_version"]] * 10
    # A new process has to load them again.
    (server,) = set(client.servers()) - before
    os.kill(server, signal.SIGKILL)
    assert ask(TargetModel="two.tar.gz")["model_version"] == answers[1]["model_version"]
    client.sagemaker.delete_endpoint(EndpointName="several")


def test_what_does_not_go_together_is_refused(client: HostingClient, urls: dict[str, str]) -> None:
    model(client, "plain", ModelDataUrl=urls["one"])
    model(client, "many", Mode="MultiModel", ModelDataUrl=f"s3://{BUCKET}/several/")
    serverless = {"MemorySizeInMB": 2048, "MaxConcurrency": 5}
    asleep = variant("plain", ServerlessConfig=serverless)
    for production, shadows, message in (
        ([variant("plain")], [variant("plain")], "a variant name is used twice"),
        ([variant("plain"), variant("plain", "b")], [variant("plain", "c")], "one shadow follows one"),
        ([variant("plain")], [asleep | {"VariantName": "b"}], "serverless variants have no shadow"),
        ([variant("many")], [variant("plain", "b")], "MultiModel models have no shadow"),
        ([variant("many", ServerlessConfig=serverless)], [], "hosts single models only"),
        (
            [variant("plain", ServerlessConfig=serverless | {"MemorySizeInMB": 3000})],
            [],
            "MemorySizeInMB 3000",
        ),
        (
            [variant("plain", ServerlessConfig=serverless | {"ProvisionedConcurrency": 6})],
            [],
            "ProvisionedConcurrency: use 1 to MaxConcurrency, 5",
        ),
    ):
        with pytest.raises(ClientError, match=message):
            client.sagemaker.create_endpoint_config(
                EndpointConfigName="refused",
                ProductionVariants=production,
                **({"ShadowProductionVariants": shadows} if shadows else {}),
            )
    with pytest.raises(ClientError, match="ends with /"):
        model(client, "x", Mode="MultiModel", ModelDataUrl=f"s3://{BUCKET}/several")
    client.sagemaker.create_endpoint_config(EndpointConfigName="plain", ProductionVariants=[variant("plain")])
    client.create_endpoint("plain", "plain")
    with pytest.raises(ClientError, match="has one model only"):
        client.runtime.invoke_endpoint(
            EndpointName="plain",
            ContentType="application/json",
            Body=json.dumps(GOOD),
            TargetModel="one.tar.gz",
        )
    client.sagemaker.delete_endpoint(EndpointName="plain")
