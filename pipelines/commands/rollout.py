"""Follows what an approval does to the endpoint."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from botocore.exceptions import ClientError

_BUSY = ("Creating", "Updating", "SystemUpdating", "RollingBack", "Deleting")
_UNHEARD_S = 300.0
"""How long an approval may take to reach the deployer: EventBridge and Lambda try again for longer."""


class RolloutError(Exception):
    """The version does not serve; the message says what does, and why."""


@dataclass(frozen=True, slots=True)
class Serving:
    """What an endpoint does at one look. `package` is None while it serves the rules."""

    status: str
    package: str | None
    failure: str
    since: float

    @property
    def line(self) -> str:
        """For people."""
        return f"endpoint {self.status}, serving {self.package or 'the rules'}"


def look(sagemaker: Any, endpoint: str) -> Serving:
    """What the endpoint does now.

    Raises:
        RolloutError: there is no such endpoint.
    """
    try:
        found = sagemaker.describe_endpoint(EndpointName=endpoint)
        config = sagemaker.describe_endpoint_config(EndpointConfigName=found["EndpointConfigName"])
        model = sagemaker.describe_model(ModelName=config["ProductionVariants"][0]["ModelName"])
    except ClientError as error:
        raise RolloutError(f"{endpoint}: {error}; deploy the serving stack first") from error
    package: str | None = model.get("PrimaryContainer", {}).get("ModelPackageName")
    changed = found["LastModifiedTime"].timestamp()
    return Serving(found["EndpointStatus"], package, found.get("FailureReason", ""), changed)


def follow(
    sagemaker: Any,
    endpoint: str,
    package: str,
    before: Serving,
    *,
    timeout_s: float,
    tell: Callable[[str], None],
    sleep: Callable[[float], None] = time.sleep,
    clock: Callable[[], float] = time.monotonic,
) -> None:
    """Wait until the endpoint serves a package.

    Args:
        before: what it did before the package was approved.
        tell: gets a line for every change.

    Raises:
        RolloutError: the update was rolled back, the endpoint failed, or it took too long.
    """
    began = clock()
    last = ""
    while True:
        now = look(sagemaker, endpoint)
        if now.line != last:
            last = now.line
            tell(last)
        if now.status not in _BUSY:
            if now.status == "InService" and now.package == package:
                return
            if now.status == "Failed" or (now.since > before.since and now.failure):
                raise RolloutError(
                    f"the deployment failed: {now.failure or 'see the log of the deployer'} "
                    f"The endpoint still serves {now.package or 'the rules'}"
                )
            if clock() - began > min(_UNHEARD_S, timeout_s):
                raise RolloutError(
                    f"the endpoint still serves {now.package or 'the rules'}, and nothing changes it: see "
                    "the deployer's log and its dead-letter queue, then approve again"
                )
        if clock() - began > timeout_s:
            raise RolloutError(f"not done after {timeout_s:g} s: {now.line}")
        sleep(1.0)
