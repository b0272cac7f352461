"""The app on the mirror, by the real cdk: CloudFormation and the registry never fight."""

from __future__ import annotations

import contextlib
import io
import json
import os
import subprocess
import sys
import tarfile
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.parquet as pq
import pytest
import xgboost
from botocore.exceptions import ClientError

from cdk_app.project import ROOT
from feature_groups import FEATURE_NAMES
from feature_groups.names import Names
from mirror.commands.cdk import run as run_cdk
from mirror.toolchain import Toolchain
from tests.cdk_app.synthesis import Assembly, synthesise
from tests.mirror.running import RunningMirror, free_port

pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]

NAMES = Names("dev")


@dataclass
class Platform:
    """A mirror, and what a reviewer and a client do with the platform on it."""

    mirror: RunningMirror

    def __post_init__(self) -> None:
        self.sagemaker = self.mirror.client("sagemaker")
        self.lake = NAMES.lake_bucket(self.mirror.account, self.mirror.region)

    def cdk(self, *arguments: str) -> int:
        return run_cdk(
            Toolchain(self.mirror.endpoint_url, self.mirror.region, self.mirror.state_dir), *arguments
        )

    def deploy(self, assembly: Assembly) -> None:
        assert self.cdk("deploy", "--all", "--app", str(assembly.directory)) == 0

    def decide(self, **target: str) -> dict[str, Any]:
        """The endpoint's answer to one transaction."""
        transaction = {
            "transaction_id": "t-1",
            "user_id": "u-1",
            "merchant_id": "m-1",
            "amount": 12.5,
            "currency": "EUR",
            "timestamp": time.strftime("%Y-%m-%dT%H:%M:%S.000Z", time.gmtime()),
        }
        response = self.mirror.client("sagemaker-runtime").invoke_endpoint(
            EndpointName=NAMES.endpoint,
            ContentType="application/json",
            Body=json.dumps(transaction),
            **target,
        )
        answer: dict[str, Any] = json.loads(response["Body"].read())
        return answer

    def register(
        self, review: float = 0.5, decline: float = 0.9, group: str = NAMES.model_package_group
    ) -> str:
        """Register a small model as PendingManualApproval; its ARN."""
        key = f"models/{time.time_ns()}/model.tar.gz"
        self.mirror.client("s3").put_object(Bucket=self.lake, Key=key, Body=_bundle(review, decline))
        container = {"Image": self.configuration()["image"], "ModelDataUrl": f"s3://{self.lake}/{key}"}
        package = self.sagemaker.create_model_package(
            ModelPackageGroupName=group,
            ModelApprovalStatus="PendingManualApproval",
            InferenceSpecification={
                "Containers": [container],
                "SupportedContentTypes": ["application/json"],
                "SupportedResponseMIMETypes": ["application/json"],
                "SupportedRealtimeInferenceInstanceTypes": ["ml.c7i.large", "ml.m5.large"],
            },
        )
        arn: str = package["ModelPackageArn"]
        return arn

    def approve(self, *arguments: str) -> tuple[int, str]:
        """``fraudline models approve``: its exit code and what it prints."""
        result = subprocess.run(
            [sys.executable, "-m", "fraudline", "models", "approve", *arguments],
            env={
                **os.environ,
                "AWS_ENDPOINT_URL": self.mirror.endpoint_url,
                "AWS_DEFAULT_REGION": self.mirror.region,
                "AWS_ACCESS_KEY_ID": "mirror",
                "AWS_SECRET_ACCESS_KEY": "mirror",
            },
            cwd=ROOT,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=240,
        )
        return result.returncode, result.stdout

    def review(self, package: str, status: str) -> None:
        self.sagemaker.update_model_package(ModelPackageArn=package, ModelApprovalStatus=status)

    def audited(self, prefix: str) -> int:
        """How many decisions an audit in the lake has."""
        s3 = self.mirror.client("s3")
        listed = s3.list_objects_v2(Bucket=self.lake, Prefix=prefix).get("Contents", [])
        bodies = [s3.get_object(Bucket=self.lake, Key=item["Key"])["Body"].read() for item in listed]
        return sum(pq.ParquetFile(io.BytesIO(body)).metadata.num_rows for body in bodies)

    def configuration(self) -> dict[str, Any]:
        parameter = self.mirror.client("ssm").get_parameter(Name=f"/{NAMES.prefix}/serving")
        found: dict[str, Any] = json.loads(parameter["Parameter"]["Value"])
        return found

    def variant(self) -> dict[str, Any]:
        endpoint = self.sagemaker.describe_endpoint(EndpointName=NAMES.endpoint)
        config = self.sagemaker.describe_endpoint_config(EndpointConfigName=endpoint["EndpointConfigName"])
        found: dict[str, Any] = config["ProductionVariants"][0]
        return found

    def capacity(self) -> tuple[int, int] | None:
        targets = self.mirror.client("application-autoscaling").describe_scalable_targets(
            ServiceNamespace="sagemaker", ResourceIds=[f"endpoint/{NAMES.endpoint}/variant/live"]
        )["ScalableTargets"]
        return (targets[0]["MinCapacity"], targets[0]["MaxCapacity"]) if targets else None


def _bundle(review: float, decline: float) -> bytes:
    rows = np.random.default_rng(7).random((200, len(FEATURE_NAMES)))
    data = xgboost.DMatrix(rows, (rows[:, 0] > 0.5).astype(int))
    booster = xgboost.train({"objective": "binary:logistic"}, data, num_boost_round=3)
    manifest = {"feature_names": list(FEATURE_NAMES), "thresholds": {"review": review, "decline": decline}}
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w:gz") as archive:
        for name, content in (
            ("model.ubj", bytes(booster.save_raw("ubj"))),
            ("bundle.json", json.dumps(manifest).encode()),
        ):
            entry = tarfile.TarInfo(name)
            entry.size = len(content)
            archive.addfile(entry, io.BytesIO(content))
    return packed.getvalue()


def eventually(condition: Callable[[], bool], what: str) -> None:
    deadline = time.monotonic() + 60
    while not condition():
        assert time.monotonic() < deadline, f"not within a minute: {what}"
        time.sleep(0.2)


@pytest.fixture
def platform(tmp_path: Path) -> Iterator[Platform]:
    mirror = RunningMirror(tmp_path / "mirror", free_port())
    mirror.start()
    yield Platform(mirror)
    mirror.stop()


def test_approvals_and_deployments(
    platform: Platform, dev: Assembly, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(ROOT)

    def serves(version: int | None) -> None:
        wanted = None if version is None else f"{NAMES.model_package_group}/{version}"
        eventually(lambda: platform.decide()["model_version"] == wanted, f"{wanted} serves")

    # The endpoint answers from the first deployment, by its rules; an unapproved model changes nothing.
    platform.deploy(dev)
    assert platform.decide()["decided_by"] == "rules"
    assert platform.capacity() == (1, 4)
    first = platform.register()
    time.sleep(1)
    assert platform.decide()["decided_by"] == "rules"

    # Approval deploys; a deployment that changes the instance type keeps the approved model.
    platform.review(first, "Approved")
    serves(1)
    changed = synthesise(tmp_path / "changed", endpoint_instance_type="ml.m5.large", endpoint_max_instances=6)
    platform.deploy(changed)
    assert platform.decide()["model_version"] == f"{NAMES.model_package_group}/1"
    assert platform.variant()["InstanceType"] == "ml.m5.large"
    assert platform.capacity() == (1, 6)

    # A newer approval replaces it, a withdrawn one gives way, and without any the rules decide.
    second = platform.register()
    platform.review(second, "Approved")
    serves(2)
    platform.review(second, "Rejected")
    serves(1)
    platform.review(first, "Rejected")
    serves(None)
    assert platform.decide()["decided_by"] == "rules"
    eventually(lambda: platform.capacity() == (1, 6), "scaling goes on after the last change")

    # Nothing is left of a disposable environment.
    assert platform.cdk("destroy", "--all", "--force", "--app", str(changed.directory)) == 0
    assert platform.sagemaker.list_endpoints()["Endpoints"] == []
    assert platform.sagemaker.list_endpoint_configs()["EndpointConfigs"] == []
    assert platform.sagemaker.list_models()["Models"] == []
    assert platform.sagemaker.list_model_package_groups()["ModelPackageGroupSummaryList"] == []
    buckets = [item["Name"] for item in platform.mirror.client("s3").list_buckets()["Buckets"]]
    assert [name for name in buckets if name.startswith(NAMES.prefix)] == []
    assert platform.capacity() is None


@pytest.mark.drill
def test_a_canary_that_declines_everything_is_rolled_back_and_reported(
    platform: Platform, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(ROOT)
    watched = synthesise(
        tmp_path / "watched",
        rollout="canary",
        rollout_step_percent=50,
        rollout_alarm_seconds=10,
        rollout_alarm_periods=1,
        rollout_bake_seconds=30,
    )
    platform.deploy(watched)
    platform.register(review=0.999998, decline=0.999999)
    code, output = platform.approve("1", "--comment", "reviewed", "--wait")
    assert code == 0, output
    assert "Version 1 serves." in output

    platform.register(review=1e-9, decline=2e-9)
    stop, versions = threading.Event(), []

    def decide_all_the_time() -> None:
        while not stop.is_set():
            versions.append(platform.decide()["model_version"])
            time.sleep(0.05)

    clients = [threading.Thread(target=decide_all_the_time) for _ in range(3)]
    for client in clients:
        client.start()
    try:
        code, output = platform.approve("2", "--comment", "a hasty one", "--wait")
    finally:
        stop.set()
        for client in clients:
            client.join()
    assert code == 1, output
    assert "fraudline-dev-many-declines" in output
    group = NAMES.model_package_group
    assert set(versions) == {f"{group}/1", f"{group}/2"}  # everyone was answered, by a model
    assert platform.decide()["model_version"] == f"{group}/1"

    # The failed deployment is also where the on-call engineer looks.
    sqs = platform.mirror.client("sqs")
    queue = sqs.get_queue_url(QueueName=f"{NAMES.prefix}-deployer-dead-letters")["QueueUrl"]
    (message,) = sqs.receive_message(QueueUrl=queue, WaitTimeSeconds=20)["Messages"]
    assert "fraudline-dev-many-declines" in json.loads(message["Body"])["error"]


@pytest.mark.drill
def test_a_shadow_a_serverless_endpoint_and_one_with_several_models_deploy_and_answer(
    platform: Platform, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(ROOT)

    def endpoint() -> dict[str, Any]:
        found: dict[str, Any] = platform.sagemaker.describe_endpoint(EndpointName=NAMES.endpoint)
        return found

    # A shadow decides every request too, and nobody is told what.
    group = NAMES.model_package_group
    bureau = "inference/signals/bureau/signals.toml"
    platform.deploy(synthesise(tmp_path / "shadowed", shadow_percent=100, signals_file=bureau))
    for version, mark in (("1", ()), ("2", ("--shadow",))):
        platform.register()
        code, output = platform.approve(version, *mark)
        assert code == 0, output
    eventually(lambda: "ShadowProductionVariants" in endpoint(), "a shadow")
    eventually(lambda: endpoint()["EndpointStatus"] == "InService", "it is in service")
    assert {platform.decide()["model_version"] for _ in range(20)} == {f"{group}/1"}
    assert platform.decide()["signals"].keys() == {"bureau.risk", "bureau.device_reputation"}
    log_group = f"/aws/sagemaker/Endpoints/{NAMES.endpoint}"
    streams = platform.mirror.client("logs").describe_log_streams(logGroupName=log_group)["logStreams"]
    assert any(stream["logStreamName"].startswith("shadow/") for stream in streams)

    # Promoted, it answers, on an endpoint that has no instances.
    code, output = platform.approve("2")
    assert code == 0, output
    eventually(lambda: platform.decide()["model_version"] == f"{group}/2", "the promoted one answers")
    serverless = synthesise(
        tmp_path / "serverless", endpoint_mode="serverless", serverless_provisioned_concurrency=1
    )
    platform.deploy(serverless)
    (variant,) = endpoint()["ProductionVariants"]
    assert variant["CurrentServerlessConfig"]["ProvisionedConcurrency"] == 1
    assert platform.decide()["model_version"] == f"{group}/2"
    assert platform.capacity() is None
    # Every decision that was answered is in the audit, and those of the shadow are elsewhere.
    eventually(lambda: platform.audited("audit/shadow/") >= 20, "the shadow's decisions are recorded")

    # One model for each fraud type.
    types = ["account-takeover", "stolen-card"]
    several = synthesise(tmp_path / "several", endpoint_mode="multi-model", model_types=types)
    platform.deploy(several)
    for fraud_type in types:
        platform.register(group=NAMES.model_package_group_of(fraud_type))
        code, output = platform.approve("1", "--type", fraud_type)
        assert code == 0, output

    def answers(fraud_type: str) -> bool:
        with contextlib.suppress(ClientError):
            answer = platform.decide(TargetModel=f"{fraud_type}.tar.gz")
            return bool(answer["model_version"] == f"{group}-{fraud_type}/1")
        return False

    for fraud_type in types:
        eventually(lambda fraud_type=fraud_type: answers(fraud_type), f"{fraud_type} answers")  # type: ignore[misc]
    assert platform.capacity() == (1, 4)
    assert platform.cdk("destroy", "--all", "--force", "--app", str(several.directory)) == 0
    assert platform.sagemaker.list_models()["Models"] == []
    assert platform.sagemaker.list_model_package_groups()["ModelPackageGroupSummaryList"] == []
