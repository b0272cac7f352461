"""How traffic moves to a new fleet, and what sends it back: UpdateEndpoint's DeploymentConfig."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

from moto.cloudwatch.models import cloudwatch_backends

from mirror.api import Context, Document, ServiceError
from mirror.endpoints.plan import Plan

_DEFAULT_LIMIT_S = 3600.0
_LARGEST_CANARY_PERCENT = 50
_LINEAR_PERCENT = range(10, 51)
_ROLLING_PERCENT = range(5, 51)


@dataclass(frozen=True, slots=True)
class Rollout:
    """Steps of one update.

    Attributes:
        shares: of the traffic that the new fleet gets, step by step; the last is 1.
        bake_s: how long the alarms watch after each step.
        keep_s: how long the old fleet stays after the last.
        limit_s: when an update that is not done is rolled back.
        alarms: names; any of them in ALARM rolls the update back.
    """

    shares: tuple[float, ...] = (1.0,)
    bake_s: float = 0.0
    keep_s: float = 0.0
    limit_s: float = _DEFAULT_LIMIT_S
    alarms: tuple[str, ...] = ()


def rollout(config: Document | None, plan: Plan) -> Rollout:
    """The steps that a DeploymentConfig asks for; all at once without one.

    Raises:
        ServiceError: a step has a size that SageMaker refuses.
    """
    config = config or {}
    alarms = tuple(
        alarm["AlarmName"] for alarm in config.get("AutoRollbackConfiguration", {}).get("Alarms", [])
    )
    if "RollingUpdatePolicy" in config:
        policy = config["RollingUpdatePolicy"]
        share = _share(policy["MaximumBatchSize"], plan, "MaximumBatchSize", _ROLLING_PERCENT)
        limit = policy.get("MaximumExecutionTimeoutInSeconds", _DEFAULT_LIMIT_S)
        return Rollout(_steps(share), float(policy["WaitIntervalInSeconds"]), 0.0, float(limit), alarms)
    policy = config.get("BlueGreenUpdatePolicy")
    if policy is None:
        return Rollout(alarms=alarms)
    routing = policy["TrafficRoutingConfiguration"]
    return Rollout(
        _shares(routing, plan),
        float(routing["WaitIntervalInSeconds"]),
        float(policy.get("TerminationWaitInSeconds", 0)),
        float(policy.get("MaximumExecutionTimeoutInSeconds", _DEFAULT_LIMIT_S)),
        alarms,
    )


def check_alarms(ctx: Context, steps: Rollout) -> None:
    """Every alarm exists.

    Raises:
        ServiceError: one does not.
    """
    known = cloudwatch_backends[ctx.account][ctx.region].alarms
    if missing := [name for name in steps.alarms if name not in known]:
        raise ServiceError(
            "ValidationException",
            f"AutoRollbackConfiguration: no alarm {', '.join(missing)}: create it before the update",
        )


def tripped(account: str, region: str, alarms: tuple[str, ...]) -> list[str]:
    """Those of the alarms that are in ALARM now."""
    known: dict[str, Any] = cloudwatch_backends[account][region].alarms
    return [name for name in alarms if name in known and known[name].state_value == "ALARM"]


def _shares(routing: Document, plan: Plan) -> tuple[float, ...]:
    kind = routing["Type"]
    if kind == "ALL_AT_ONCE":
        return (1.0,)
    name = "CanarySize" if kind == "CANARY" else "LinearStepSize"
    if name not in routing:
        raise ServiceError("ValidationException", f"TrafficRoutingConfiguration: {kind} needs {name}")
    if kind == "CANARY":
        return (_share(routing[name], plan, name, range(1, _LARGEST_CANARY_PERCENT + 1)), 1.0)
    return _steps(_share(routing[name], plan, name, _LINEAR_PERCENT))


def _share(size: Document, plan: Plan, name: str, percents: range) -> float:
    value = size["Value"]
    if size["Type"] == "CAPACITY_PERCENT":
        if value not in percents:
            raise ServiceError(
                "ValidationException",
                f"{name}: {value} percent of the capacity; use {percents[0]} to {percents[-1]}",
            )
        return float(value) / 100
    instances = sum(int(variant["InstanceCount"]) for variant in plan)
    if not 1 <= value <= max(1, instances // 2):
        raise ServiceError(
            "ValidationException",
            f"{name}: {value} of {instances} instances; use 1 to {max(1, instances // 2)}",
        )
    return float(value) / instances


def _steps(share: float) -> tuple[float, ...]:
    count = math.ceil(1 / share - 1e-9)
    return tuple(min(1.0, share * step) for step in range(1, count + 1))
