"""The AWS clients of the consumer."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import boto3
from botocore.config import Config


@dataclass(frozen=True)
class Clients:
    """One client per service; all are safe to use from several threads."""

    kinesis: Any
    s3: Any
    features: Any
    cloudwatch: Any
    sts: Any
    glue: Any

    @classmethod
    def create(cls) -> Clients:
        """Clients of the account, region and endpoint that the environment names."""
        # Requests are built in one place each and tested there; checking every one against the
        # service model again costs more than building it.
        fast = Config(
            parameter_validation=False,
            max_pool_connections=32,
            retries={"mode": "standard", "total_max_attempts": 2},
            tcp_keepalive=True,
        )
        return cls(
            kinesis=boto3.client("kinesis", config=fast),
            s3=boto3.client("s3", config=Config(max_pool_connections=8, s3={"addressing_style": "path"})),
            features=boto3.client("sagemaker-featurestore-runtime", config=fast),
            cloudwatch=boto3.client("cloudwatch"),
            sts=boto3.client("sts"),
            # A record waits for its schema: an unreachable registry is tried for a minute before giving up.
            glue=boto3.client("glue", config=Config(retries={"mode": "standard", "total_max_attempts": 8})),
        )
