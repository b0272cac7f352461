"""The running mirror: its identity, its durable state, its processes, and clients for itself."""

from __future__ import annotations

import threading
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

import boto3
from botocore.config import Config

from mirror.documents import Documents
from mirror.processes import Processes

ACCOUNT = "123456789012"
DEFAULT_REGION = "us-east-1"
DEFAULT_PORT = 4566
SERVERLESS_IDLE_S = 120.0
CREDENTIALS = {"aws_access_key_id": "mirror", "aws_secret_access_key": "mirror"}


@dataclass
class Cloud:
    """One mirror process. `state_dir` holds everything that survives a restart."""

    state_dir: Path
    port: int = DEFAULT_PORT
    region: str = DEFAULT_REGION
    account: str = ACCOUNT
    serverless_idle_s: float = SERVERLESS_IDLE_S
    """After so long without a request nothing of a serverless endpoint runs any more."""
    _clients: dict[tuple[str, str], Any] = field(default_factory=dict, repr=False)
    _lock: threading.Lock = field(default_factory=threading.Lock, repr=False)

    @property
    def endpoint_url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @cached_property
    def documents(self) -> Documents:
        return Documents(self.state_dir / "documents")

    @cached_property
    def processes(self) -> Processes:
        return Processes(self.state_dir / "logs")

    def client(self, service: str, region: str | None = None) -> Any:
        """A boto3 client of this mirror. Call it from worker threads only: it goes over HTTP."""
        key = (service, region or self.region)
        with self._lock:
            if key not in self._clients:
                self._clients[key] = boto3.session.Session(region_name=key[1], **CREDENTIALS).client(
                    service,
                    endpoint_url=self.endpoint_url,
                    config=Config(retries={"max_attempts": 3}, s3={"addressing_style": "path"}),
                )
            return self._clients[key]

    def environ(self, region: str | None = None) -> dict[str, str]:
        """Environment variables that point any AWS SDK in a child process at this mirror."""
        return {
            "AWS_ENDPOINT_URL": self.endpoint_url,
            "AWS_ACCESS_KEY_ID": CREDENTIALS["aws_access_key_id"],
            "AWS_SECRET_ACCESS_KEY": CREDENTIALS["aws_secret_access_key"],
            "AWS_DEFAULT_REGION": region or self.region,
            "AWS_REGION": region or self.region,
            "AWS_EC2_METADATA_DISABLED": "true",
        }
