"""Updates in steps: a canary that misbehaves is rolled back, and the old model never stops answering."""

from __future__ import annotations

import json
import threading
import time
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError

from inference.server.emf import PERIOD_MS
from tests.inference.running import GOOD
from tests.mirror.endpoints.hosting_client import HostingClient
from tests.mirror.endpoints.images import push

pytestmark = pytest.mark.slow

_FAULTY = Path(__file__).parent / "faulty"
_ENDPOINT = "rolled"


@pytest.fixture(scope="module")
def client(client: HostingClient, tmp_path_factory: pytest.TempPathFactory) -> HostingClient:
    """With an endpoint that serves."""
    url = client.upload_bundle(
        tmp_path_factory.mktemp("bundles"), "old", seed=1, thresholds=(0.9999998, 0.9999999)
    )
    client.create_config("old", url)
    client.create_config("new", url)
    client.create_endpoint(_ENDPOINT, "old")
    return client


@pytest.fixture(scope="module")
def cloudwatch(client: HostingClient) -> Any:
    return client.mirror.client("cloudwatch")


class Hammer:
    """Four clients that call the endpoint until the block ends, and what they were answered."""

    def __init__(self, client: HostingClient) -> None:
        self._client = client
        self._stop = threading.Event()
        self._threads = [threading.Thread(target=self._run) for _ in range(4)]
        self.answers: Counter[str] = Counter()
        self.slowest_s: dict[str, float] = {}

    def __enter__(self) -> Hammer:
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        for thread in self._threads:
            thread.join()

    def _run(self) -> None:
        while not self._stop.is_set():
            began = time.monotonic()
            try:
                response = self._client.runtime.invoke_endpoint(
                    EndpointName=_ENDPOINT, ContentType="application/json", Body=json.dumps(GOOD)
                )
                answer = json.load(response["Body"])
                name = answer.get("model_version", "faulty")
            except ClientError as error:
                name = f"{error.response['Error']['Code']} {error.response.get('OriginalStatusCode')}"
            self.answers[name] += 1
            self.slowest_s[name] = max(self.slowest_s.get(name, 0.0), time.monotonic() - began)
            time.sleep(0.02)


def canary(alarm: str, *, percent: int = 25, bake_s: int = 60) -> dict[str, Any]:
    return {
        "BlueGreenUpdatePolicy": {
            "TrafficRoutingConfiguration": {
                "Type": "CANARY",
                "CanarySize": {"Type": "CAPACITY_PERCENT", "Value": percent},
                "WaitIntervalInSeconds": bake_s,
            },
            "TerminationWaitInSeconds": 0,
        },
        "AutoRollbackConfiguration": {"Alarms": [{"AlarmName": alarm}]},
    }


def create_alarm(cloudwatch: Any, name: str, metric: str, statistic: str, threshold: float) -> str:
    ours = metric == "DeclineShare"
    cloudwatch.put_metric_alarm(
        AlarmName=name,
        Namespace="Fraudline" if ours else "AWS/SageMaker",
        MetricName=metric,
        Dimensions=[{"Name": "Environment", "Value": "dev"}]
        if ours
        else [{"Name": "EndpointName", "Value": _ENDPOINT}, {"Name": "VariantName", "Value": "live"}],
        **({"ExtendedStatistic": statistic} if statistic.startswith("p") else {"Statistic": statistic}),
        Period=10,
        EvaluationPeriods=1,
        Threshold=threshold,
        ComparisonOperator="GreaterThanThreshold",
        TreatMissingData="notBreaching",
    )
    return name


def faulty_config(client: HostingClient, name: str, **environment: str) -> str:
    image = f"123456789012.dkr.ecr.us-east-1.amazonaws.com/faulty-{name}:test"
    push(client.mirror, f"faulty-{name}", _FAULTY, "Dockerfile")
    client.sagemaker.create_model(
        ModelName=name,
        PrimaryContainer={"Image": image, "Environment": environment},
        ExecutionRoleArn="arn:aws:iam::123456789012:role/sagemaker",
    )
    return client.create_config_of(name)


def update(client: HostingClient, config: str, deployment: dict[str, Any]) -> dict[str, Any]:
    client.sagemaker.update_endpoint(
        EndpointName=_ENDPOINT, EndpointConfigName=config, DeploymentConfig=deployment
    )
    deadline = time.monotonic() + 120
    while time.monotonic() < deadline:
        found: dict[str, Any] = client.sagemaker.describe_endpoint(EndpointName=_ENDPOINT)
        if found["EndpointStatus"] not in ("Updating", "RollingBack"):
            return found
        time.sleep(0.1)
    raise AssertionError(f"still {found['EndpointStatus']}")


@pytest.mark.timeout(240)
def test_a_model_that_errs_is_rolled_back(client: HostingClient, cloudwatch: Any) -> None:
    config = faulty_config(client, "errs", STATUS="500")
    alarm = create_alarm(cloudwatch, "errors", "Invocation5XXErrors", "Sum", 3)
    with Hammer(client) as hammer:
        found = update(client, config, canary(alarm))
        time.sleep(0.5)
        after = hammer.answers.copy()
        time.sleep(1.0)
    assert (found["EndpointStatus"], found["EndpointConfigName"]) == ("InService", "old")
    assert "errors" in found["FailureReason"], found
    assert set(hammer.answers) == {"old", "ModelError 500"}, hammer.answers
    assert hammer.answers["ModelError 500"] == after["ModelError 500"]  # none since the old fleet has it all
    assert hammer.answers["old"] > after["old"]
    stored = cloudwatch.get_metric_statistics(
        Namespace="AWS/SageMaker", MetricName="Invocations", Period=3600, Statistics=["SampleCount"],
        Dimensions=[{"Name": "EndpointName", "Value": _ENDPOINT}, {"Name": "VariantName", "Value": "live"}],
        StartTime=time.time() - 3600, EndTime=time.time() + 60,
    )  # fmt: skip
    assert sum(point["SampleCount"] for point in stored["Datapoints"]) > 50


@pytest.mark.timeout(240)
def test_a_slow_model_is_rolled_back(client: HostingClient, cloudwatch: Any) -> None:
    config = faulty_config(client, "slow", DELAY_S="0.5")
    alarm = create_alarm(cloudwatch, "slow", "ModelLatency", "p99", 300_000)
    with Hammer(client) as hammer:
        found = update(client, config, canary(alarm))
    assert (found["EndpointStatus"], found["EndpointConfigName"]) == ("InService", "old")
    assert "slow" in found["FailureReason"], found
    assert set(hammer.answers) == {"old", "faulty"}, hammer.answers
    assert hammer.slowest_s["faulty"] >= 0.5


@pytest.mark.timeout(240)
def test_a_model_that_declines_everything_is_rolled_back(
    client: HostingClient, cloudwatch: Any, tmp_path: Path
) -> None:
    url = client.upload_bundle(tmp_path, "declines", seed=1, thresholds=(1e-9, 2e-9))
    config = client.create_config("declines", url)
    alarm = create_alarm(cloudwatch, "mix", "DeclineShare", "Maximum", 60)
    with Hammer(client) as hammer:
        found = update(client, config, canary(alarm, bake_s=6 * PERIOD_MS // 1000))
    assert (found["EndpointStatus"], found["EndpointConfigName"]) == ("InService", "old"), hammer.answers
    assert "mix" in found["FailureReason"], found
    assert set(hammer.answers) == {"old", "declines"}, hammer.answers


@pytest.mark.timeout(240)
def test_a_good_model_takes_over_in_steps(client: HostingClient, cloudwatch: Any) -> None:
    alarm = create_alarm(cloudwatch, "never", "Invocation5XXErrors", "Sum", 1_000_000)
    deployment = canary(alarm, percent=20, bake_s=3)
    client.sagemaker.update_endpoint(
        EndpointName=_ENDPOINT, EndpointConfigName="new", DeploymentConfig=deployment
    )
    with Hammer(client) as hammer:
        seen: list[Counter[str]] = []
        while client.sagemaker.describe_endpoint(EndpointName=_ENDPOINT)["EndpointStatus"] == "Updating":
            seen.append(hammer.answers.copy())
            time.sleep(0.2)
        hammer.answers.clear()
        time.sleep(1.0)
    assert set(hammer.answers) == {"new"}  # and none fails
    stepped = [counts for counts in seen if counts["new"]]
    # The canary serves for 3 seconds before everything moves.
    served = next(counts for counts in stepped if counts.total() > stepped[0].total() + 100) - stepped[0]
    assert 0.05 < served["new"] / served.total() < 0.5, seen
    described = client.sagemaker.describe_endpoint(EndpointName=_ENDPOINT)
    assert described["EndpointConfigName"] == "new"
    assert described["LastDeploymentConfig"] == deployment
    assert "FailureReason" not in described


def test_sizes_and_alarms_are_checked_before_anything_changes(client: HostingClient, cloudwatch: Any) -> None:
    alarm = create_alarm(cloudwatch, "known", "Invocation5XXErrors", "Sum", 3)
    for deployment, text in (
        (canary(alarm, percent=80), "CanarySize: 80 percent"),
        (canary("unknown"), "no alarm unknown"),
    ):
        with pytest.raises(ClientError, match=text):
            client.sagemaker.update_endpoint(
                EndpointName=_ENDPOINT, EndpointConfigName="old", DeploymentConfig=deployment
            )
    assert client.sagemaker.describe_endpoint(EndpointName=_ENDPOINT)["EndpointStatus"] == "InService"
