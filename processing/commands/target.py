"""Which AWS a command talks to: the one the environment names, a mirror on this machine, or AWS."""

from __future__ import annotations

import json
import os
import urllib.error
import urllib.request
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import boto3

_MIRROR_REGION = "us-east-1"
_MIRROR_KEYS = {"aws_access_key_id": "mirror", "aws_secret_access_key": "mirror"}


@dataclass(frozen=True, slots=True)
class Target:
    """An AWS to talk to, and how to call it in a message."""

    description: str
    session: Any
    endpoint_url: str | None = None

    def client(self, service: str) -> Any:
        """A boto3 client of `service`."""
        return self.session.client(service, endpoint_url=self.endpoint_url)


def resolve() -> Target:
    """``AWS_ENDPOINT_URL`` if set, else a running mirror, else the AWS of the default credentials."""
    url = os.environ.get("AWS_ENDPOINT_URL")
    if url:
        # boto3 reads the variable itself, with its per-service overrides.
        return Target(f"{url} (AWS_ENDPOINT_URL)", boto3.session.Session())
    port = _mirror_port()
    if port is not None:
        return mirror(f"http://127.0.0.1:{port}")
    session = boto3.session.Session()
    return Target(f"AWS, region {session.region_name or 'not set'}", session)


def mirror(endpoint_url: str, region: str = _MIRROR_REGION) -> Target:
    """The mirror that answers at `endpoint_url`."""
    session = boto3.session.Session(region_name=region, **_MIRROR_KEYS)
    return Target(f"the mirror at {endpoint_url}", session, endpoint_url)


def _mirror_port() -> int | None:
    """Port of the mirror of this directory, if it answers."""
    state = Path(os.environ.get("FRAUDLINE_STATE_DIR", ".fraudline"))
    try:
        port = int((state / "mirror.port").read_text())
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/_fraudline/health", timeout=2) as answer:
            return port if "pid" in json.load(answer) else None
    except (OSError, ValueError):
        return None
