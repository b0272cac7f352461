"""Operations on the endpoint and on the models and configurations behind it."""

from __future__ import annotations

import json
import logging
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from botocore.exceptions import ClientError

from cdk_app.functions.clock import Deadline
from cdk_app.functions.deployer.archives import Archives
from cdk_app.functions.deployer.desired import Desired
from cdk_app.functions.deployer.errors import is_missing
from cdk_app.functions.deployer.plan import MODEL_PACKAGES, Plan, is_planned

log = logging.getLogger(__name__)

_BUSY = frozenset({"Creating", "Updating", "SystemUpdating", "RollingBack", "Deleting"})
_USELESS = frozenset({"Failed", "OutOfService"})
_LONGEST_ROLLOUT_SECONDS = 3_600
_KEPT_FOR = timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class State:
    """What an endpoint does now.

    Attributes:
        package: ARN of what it serves; None while it serves the rules, or several.
        by_archive: ARNs of several models by their archives.
    """

    status: str
    config: str
    package: str | None
    failure: str
    by_archive: Mapping[str, str] = field(default_factory=dict)

    def serves(self, plan: Plan) -> bool:
        return self.status == "InService" and self.config == plan.name


class Endpoint:
    """One endpoint, by name."""

    def __init__(self, sagemaker: Any, archives: Archives, name: str, deadline: Deadline) -> None:
        self._sagemaker, self._archives = sagemaker, archives
        self._name = name
        self._deadline = deadline

    def settled(self) -> State | None:
        """The state once nothing is changing it any more; None when there is no endpoint.

        Raises:
            StillInProgressError: it is still changing when the invocation's time ends.
        """
        self._deadline.restart()
        while True:
            found = self._describe()
            if found is None:
                return None
            if found["EndpointStatus"] not in _BUSY:
                config = found["EndpointConfigName"]
                package, by_archive = self._packages_of(config)
                failure = found.get("FailureReason", "")
                return State(found["EndpointStatus"], config, package, failure, by_archive)
            self._deadline.pause(f"endpoint {self._name}, which is {found['EndpointStatus']}")

    def roll_out(self, plan: Plan, desired: Desired, state: State | None) -> bool:
        """Start serving `plan`. False when someone else is changing the endpoint: settle again."""
        self._archives.put(plan)
        for model in plan.models:
            self._ensure(self._sagemaker.describe_model, self._sagemaker.create_model, model, "ModelName")
        self._ensure(
            self._sagemaker.describe_endpoint_config,
            self._sagemaker.create_endpoint_config,
            plan.config,
            "EndpointConfigName",
        )
        if state is not None and state.status in _USELESS:
            log.warning("endpoint %s is %s (%s): creating it anew", self._name, state.status, state.failure)
            self._sagemaker.delete_endpoint(EndpointName=self._name)
            self.settled()
            state = None
        try:
            if state is None:
                self._sagemaker.create_endpoint(
                    EndpointName=self._name, EndpointConfigName=plan.name, Tags=plan.config["Tags"]
                )
            else:
                self._sagemaker.update_endpoint(
                    EndpointName=self._name,
                    EndpointConfigName=plan.name,
                    # The instances that scaling has added stay; the weights are the configuration's.
                    RetainAllVariantProperties=not desired.serverless,
                    ExcludeRetainedVariantProperties=[{"VariantPropertyType": "DesiredWeight"}],
                    DeploymentConfig=_deployment(desired),
                )
        except ClientError as error:
            if not self._disturbed(error, state):
                raise
            log.info("endpoint %s is being changed by another run: %s", self._name, error)
            return False
        return True

    def _disturbed(self, error: ClientError, state: State | None) -> bool:
        """Whether another run, and not the request, is why SageMaker refused it."""
        found = self._describe()
        if found is None:
            return state is not None
        return (
            state is None
            or found["EndpointStatus"] in _BUSY
            or found["EndpointConfigName"] != state.config
            or is_missing(error)  # it cleaned up what this run had just found
            or "scalable target" in str(error).lower()  # it has let scaling go on
        )

    def clean(self, keep: Collection[str]) -> None:
        """Delete the old models, configurations and archives of this endpoint except those named `keep`.

        What is less than an hour old stays: another run may have made it and be about to use it.
        """
        self._clean(keep, datetime.now(UTC) - _KEPT_FOR)

    def delete(self) -> None:
        """Delete the endpoint and everything behind it; nothing left is success too."""
        if self.settled() is not None:
            self._sagemaker.delete_endpoint(EndpointName=self._name)
            self.settled()
        self._clean(keep=(), before=None)

    def _clean(self, keep: Collection[str], before: datetime | None) -> None:
        for name in self._planned("list_endpoint_configs", "EndpointConfigs", "EndpointConfigName", before):
            if name not in keep:
                self._sagemaker.delete_endpoint_config(EndpointConfigName=name)
        for name in self._planned("list_models", "Models", "ModelName", before):
            if name not in keep:
                self._sagemaker.delete_model(ModelName=name)
        self._archives.clean(keep, before)

    def _describe(self) -> dict[str, Any] | None:
        return _found(self._sagemaker.describe_endpoint, EndpointName=self._name)

    def _packages_of(self, config: str) -> tuple[str | None, dict[str, str]]:
        found = _found(self._sagemaker.describe_endpoint_config, EndpointConfigName=config)
        if found is None:
            return None, {}
        model = _found(self._sagemaker.describe_model, ModelName=found["ProductionVariants"][0]["ModelName"])
        container = (model or {}).get("PrimaryContainer", {})
        packages = container.get("Environment", {}).get(MODEL_PACKAGES, "{}")
        return container.get("ModelPackageName"), json.loads(packages)

    def _ensure(
        self, describe: Callable[..., Any], create: Callable[..., Any], request: dict[str, Any], key: str
    ) -> None:
        """Create what is not there. A name is made from its content, so what is there is right."""
        if _found(describe, **{key: request[key]}) is not None:
            return
        try:
            create(**request)
        except ClientError:
            if _found(describe, **{key: request[key]}) is None:  # not created by another run either
                raise

    def _planned(self, operation: str, items: str, key: str, before: datetime | None) -> list[str]:
        pages = self._sagemaker.get_paginator(operation).paginate(NameContains=self._name)
        return [
            item[key]
            for page in pages
            for item in page[items]
            if is_planned(self._name, item[key]) and (before is None or item["CreationTime"] < before)
        ]


def _found(describe: Callable[..., Any], **request: str) -> dict[str, Any] | None:
    try:
        found: dict[str, Any] = describe(**request)
    except ClientError as error:
        if is_missing(error):
            return None
        raise
    return found


def _deployment(desired: Desired) -> dict[str, Any]:
    size = {"Type": "CAPACITY_PERCENT", "Value": desired.step_percent}
    steps: dict[str, dict[str, Any]] = {
        "all-at-once": {"Type": "ALL_AT_ONCE"},
        "canary": {"Type": "CANARY", "CanarySize": size},
        "linear": {"Type": "LINEAR", "LinearStepSize": size},
    }
    config: dict[str, Any] = {
        "BlueGreenUpdatePolicy": {
            "TrafficRoutingConfiguration": {
                **steps[desired.rollout],
                "WaitIntervalInSeconds": desired.bake_seconds,
            },
            "TerminationWaitInSeconds": 0,
            "MaximumExecutionTimeoutInSeconds": _LONGEST_ROLLOUT_SECONDS,
        }
    }
    if desired.rollback_alarms:
        config["AutoRollbackConfiguration"] = {
            "Alarms": [{"AlarmName": name} for name in desired.rollback_alarms]
        }
    return config
