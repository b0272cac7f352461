"""What the hosting tests do with boto3, in the words of the tests."""

from __future__ import annotations

import base64
import io
import json
import os
import tarfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import boto3
from botocore.config import Config

from feature_groups import GROUPS
from feature_groups.names import Names
from tests.inference.running import GOOD, history, write_bundle
from tests.mirror.running import RunningMirror

ROLE = "arn:aws:iam::123456789012:role/sagemaker"
BUCKET = "models"
USER_TIME = "2026-03-01T12:33:56.789Z"


@dataclass
class HostingClient:
    """boto3 clients of one mirror, and the resources the tests make with them."""

    mirror: RunningMirror
    image: str

    def __post_init__(self) -> None:
        options: dict[str, Any] = {
            "endpoint_url": self.mirror.endpoint_url,
            "region_name": "us-east-1",
            "aws_access_key_id": "test",
            "aws_secret_access_key": "test",
        }
        once = Config(retries={"total_max_attempts": 1}, max_pool_connections=20)
        self.sagemaker = boto3.client("sagemaker", **options)
        self.runtime = boto3.client("sagemaker-runtime", config=once, **options)
        self.s3 = boto3.client("s3", config=Config(s3={"addressing_style": "path"}), **options)
        self.features = boto3.client("sagemaker-featurestore-runtime", **options)
        self.kinesis = boto3.client("kinesis", **options)
        self.logs = boto3.client("logs", **options)

    def create_feature_groups(self) -> None:
        """The groups that the server reads, and what is stored of the good transaction's user.

        And the stream it writes to: a server that cannot deliver its predictions takes seconds to end.
        """
        names = Names()
        self.kinesis.create_stream(StreamName=names.stream("model-predictions"), ShardCount=1)
        for group in GROUPS:
            self.sagemaker.create_feature_group(
                FeatureGroupName=names.feature_group(group.name),
                RecordIdentifierFeatureName=group.record_identifier,
                EventTimeFeatureName=group.event_time,
                FeatureDefinitions=[
                    {"FeatureName": feature.name, "FeatureType": feature.type} for feature in group.features
                ],
                OnlineStoreConfig={"EnableOnlineStore": True},
                RoleArn=ROLE,
            )
        _, user, _ = history()
        values = {"user_id": GOOD["user_id"], "event_time": USER_TIME}
        values["state"] = base64.b64encode(user.encode()).decode()
        self.features.put_record(
            FeatureGroupName=names.feature_group("user-activity"),
            Record=[{"FeatureName": name, "ValueAsString": value} for name, value in values.items()],
        )

    def upload_bundle(
        self,
        directory: Path,
        name: str,
        *,
        seed: int,
        without: str = "",
        thresholds: tuple[float, float] | None = None,
    ) -> str:
        """A real model as ``model.tar.gz`` in S3; returns its URL.

        Args:
            without: a file that is left out.
            thresholds: scores from which it reviews and declines, instead of its own.
        """
        self.s3.create_bucket(Bucket=BUCKET)
        bundle = write_bundle(directory / name, seed=seed)
        if thresholds is not None:
            manifest = json.loads((bundle / "bundle.json").read_text())
            manifest["thresholds"] = dict(zip(("review", "decline"), thresholds, strict=True))
            (bundle / "bundle.json").write_text(json.dumps(manifest))
        buffer = io.BytesIO()
        with tarfile.open(fileobj=buffer, mode="w:gz") as archive:
            for file in sorted(bundle.iterdir()):
                if file.name != without:
                    archive.add(file, file.name)
        self.s3.put_object(Bucket=BUCKET, Key=f"{name}/model.tar.gz", Body=buffer.getvalue())
        return f"s3://{BUCKET}/{name}/model.tar.gz"

    def create_config(
        self, name: str, url: str | None, *, image: str | None = None, package: str | None = None
    ) -> str:
        """A model and an endpoint configuration, both called `name`."""
        container: dict[str, Any] = {
            "Environment": {
                "FRAUDLINE_KERNEL": "python",  # a new image would compile it for ten seconds
                "FRAUDLINE_MODEL_VERSION": name,
                "FRAUDLINE_REPLAY": "1",
            }
        }
        if package is None:
            container["Image"] = image or self.image
        else:
            container["ModelPackageName"] = package
        if url is not None:
            container["ModelDataUrl"] = url
        self.sagemaker.create_model(ModelName=name, PrimaryContainer=container, ExecutionRoleArn=ROLE)
        return self.create_config_of(name)

    def create_config_of(self, name: str) -> str:
        """An endpoint configuration for the model of the same name: one instance, variant ``live``."""
        live = {
            "VariantName": "live",
            "ModelName": name,
            "InstanceType": "ml.m5.large",
            "InitialInstanceCount": 1,
        }
        self.sagemaker.create_endpoint_config(EndpointConfigName=name, ProductionVariants=[live])
        return name

    def wait(self, endpoint: str) -> dict[str, Any]:
        """The endpoint's description once it is neither Creating nor Updating."""
        deadline = time.monotonic() + 60
        while time.monotonic() < deadline:
            found: dict[str, Any] = self.sagemaker.describe_endpoint(EndpointName=endpoint)
            if found["EndpointStatus"] not in ("Creating", "Updating"):
                return found
            time.sleep(0.1)
        raise AssertionError(f"{endpoint} is still {found['EndpointStatus']}")

    def create_endpoint(self, endpoint: str, config: str) -> dict[str, Any]:
        self.sagemaker.create_endpoint(EndpointName=endpoint, EndpointConfigName=config)
        return self.wait(endpoint)

    def invoke(self, endpoint: str, **changes: Any) -> dict[str, Any]:
        """The decision for a good transaction with some fields changed."""
        response = self.runtime.invoke_endpoint(
            EndpointName=endpoint, ContentType="application/json", Body=json.dumps(GOOD | changes)
        )
        assert response["InvokedProductionVariant"] == "live"
        answer: dict[str, Any] = json.load(response["Body"])
        return answer

    def servers(self) -> list[int]:
        """Process ids of the mirror's inference servers."""
        assert self.mirror.process is not None
        children = Path(f"/proc/{self.mirror.process.pid}/task").glob("*/children")
        pids = [int(pid) for file in children for pid in file.read_text().split()]
        return [pid for pid in pids if _runs_inference(pid)]

    def gone(self, pid: int) -> bool:
        """Whether the process ends within ten seconds."""
        deadline = time.monotonic() + 10
        while time.monotonic() < deadline:
            try:
                os.kill(pid, 0)
            except ProcessLookupError:
                return True
            time.sleep(0.05)
        return False


def _runs_inference(pid: int) -> bool:
    try:
        return b"inference" in Path(f"/proc/{pid}/cmdline").read_bytes()
    except OSError:
        return False
