"""What settings of the endpoint and of its rollouts contradict each other, or SageMaker."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import TYPE_CHECKING

from cdk_app.functions.deployer.plan import USUAL_METRICS_SECONDS

if TYPE_CHECKING:
    from cdk_app.settings import Settings

LONGEST_BAKING_S = 1_800
"""The deployer waits 40 minutes for a rollout; starting the instances takes some of them."""
_SMALLEST_LINEAR_PERCENT = 10
_SECONDS_A_DECISION = 0.05
"""With the reads of the Feature Store; a serverless container answers one request at a time."""


def serving_problems(settings: Settings) -> Iterator[str]:
    """Every problem, as a line with the field and the fix."""
    if settings.endpoint_mode == "serverless":
        yield from _serverless_problems(settings)
    else:
        yield from _instance_problems(settings)
    yield from _mode_problems(settings)
    yield from _rollout_problems(settings)


def _instance_problems(settings: Settings) -> Iterator[str]:
    low, high = settings.endpoint_min_instances, settings.endpoint_max_instances
    if high < low:
        yield f"endpoint_max_instances: {high} is below endpoint_min_instances; use at least {low}"
        return
    needed = settings.transactions_per_second * 60
    if high * settings.endpoint_invocations_per_instance < needed:
        least = math.ceil(needed / settings.endpoint_invocations_per_instance)
        yield (
            f"endpoint_max_instances: {high} instances of {settings.endpoint_invocations_per_instance} "
            f"invocations a minute cannot carry {needed} a minute; use at least {least}"
        )
    if settings.environment == "prod" and low < 2:
        yield "endpoint_min_instances: prod needs 2 or more, so that one instance can be lost"


def _serverless_problems(settings: Settings) -> Iterator[str]:
    most, warm = settings.serverless_max_concurrency, settings.serverless_provisioned_concurrency
    needed = math.ceil(settings.transactions_per_second * _SECONDS_A_DECISION)
    if most < needed:
        yield (
            f"serverless_max_concurrency: {settings.transactions_per_second} transactions/s at "
            f"{_SECONDS_A_DECISION * 1000:.0f} ms each need {needed} at a time; raise it"
        )
    if warm > most:
        yield f"serverless_provisioned_concurrency: {warm} is above serverless_max_concurrency, {most}"
    if settings.environment == "prod" and not warm:
        yield "serverless_provisioned_concurrency: prod cannot wait seconds for a start; use 1 or more"
    if settings.rollout_alarm_seconds < USUAL_METRICS_SECONDS:
        yield "rollout_alarm_seconds: enhanced metrics are of instances; use 60 with endpoint_mode=serverless"


def _mode_problems(settings: Settings) -> Iterator[str]:
    mode = settings.endpoint_mode
    if mode != "serverless":
        for name in sorted(settings.model_fields_set):
            if name.startswith("serverless_"):
                yield f"{name}: nothing is serverless; remove it or set endpoint_mode=serverless"
    if settings.shadow_percent and mode != "instances":
        yield f"shadow_percent: SageMaker has no shadows with {mode}; use 0 or endpoint_mode=instances"
    if (mode == "multi-model") != bool(settings.model_types):
        yield (
            'model_types: name the fraud types, e.g. ["account-takeover"]'
            if mode == "multi-model"
            else "model_types: there is one model; remove it or set endpoint_mode=multi-model"
        )
    if len(set(settings.model_types)) < len(settings.model_types):
        yield "model_types: a type is named twice"


def _rollout_problems(settings: Settings) -> Iterator[str]:
    step, bake = settings.rollout_step_percent, settings.rollout_bake_seconds
    if settings.rollout == "all-at-once" and "rollout_step_percent" in settings.model_fields_set:
        yield "rollout_step_percent: all traffic moves at once; remove it or set rollout=canary"
    if settings.rollout == "linear" and step < _SMALLEST_LINEAR_PERCENT:
        yield (
            f"rollout_step_percent: SageMaker has no linear steps of {step} %; "
            f"use {_SMALLEST_LINEAR_PERCENT} to 50"
        )
        return
    # The last period may have begun before the step, and metrics arrive late.
    least = (settings.rollout_alarm_periods + 1) * settings.rollout_alarm_seconds
    if bake < least and (bake or settings.rollout != "all-at-once"):
        yield (
            f"rollout_bake_seconds: alarms over {settings.rollout_alarm_periods} periods of "
            f"{settings.rollout_alarm_seconds} s see nothing in {bake} s; use at least {least}"
        )
    if (total := steps(settings) * bake) > LONGEST_BAKING_S:
        yield (
            f"rollout_bake_seconds: {steps(settings)} steps of {bake} s take {total} s, the deployer waits "
            f"{LONGEST_BAKING_S}; use at most {LONGEST_BAKING_S // steps(settings)}"
        )


def steps(settings: Settings) -> int:
    """How many times the alarms watch for a while."""
    if settings.rollout == "linear":
        return math.ceil(100 / settings.rollout_step_percent)
    return 2 if settings.rollout == "canary" else 1
