"""Brings the endpoint from what it is to what it should be."""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from cdk_app.functions.clock import Deadline
from cdk_app.functions.deployer.archives import Archives
from cdk_app.functions.deployer.choice import Package, choose
from cdk_app.functions.deployer.desired import Desired
from cdk_app.functions.deployer.endpoint import Endpoint, State
from cdk_app.functions.deployer.errors import RolledBackError
from cdk_app.functions.deployer.plan import Chosen, Plan, archive_of, plan
from cdk_app.functions.deployer.registry import Registry
from cdk_app.functions.deployer.scaling import Scaling

log = logging.getLogger(__name__)

_MOST_ROUNDS = 6


@dataclass(frozen=True, slots=True)
class Clients:
    """The services that the reconciler uses."""

    sagemaker: Any
    autoscaling: Any
    s3: Any


@dataclass(frozen=True, slots=True)
class Outcome:
    """What the endpoint serves at the end. `package`, or several, is empty when the rules decide."""

    endpoint: str
    config: str
    package: str


def reconcile(
    read_desired: Callable[[], Desired], nominated: str | None, clients: Clients, deadline: Deadline
) -> Outcome:
    """Make the endpoint serve the right package with the desired configuration.

    Each round looks at everything anew (configuration, approvals, endpoint), so a change in the
    meantime, or another run, is seen before the work is called done.

    Args:
        read_desired: the configuration as it is at the moment of the call.
        nominated: ARN of the package whose approval changed, if that is the cause.

    Raises:
        RolledBackError: SageMaker put the old configuration back, or the endpoint failed.
        StillInProgressError: the invocation's time ends first; run again.
    """
    for _ in range(_MOST_ROUNDS):
        desired = read_desired()
        endpoint = endpoint_of(clients, desired, deadline)
        scaling = Scaling(clients.autoscaling, desired.endpoint, desired.variant)
        state = endpoint.settled()
        target = plan(desired, _chosen(clients.sagemaker, desired, nominated, state))
        if state is not None and state.serves(target):
            scaling.apply(desired)
            endpoint.clean(keep=target.names)
            outcome = Outcome(desired.endpoint, target.name, target.chosen.served)
            log.info("endpoint %s serves %s", desired.endpoint, outcome.package or "the rules")
            return outcome
        log.info("endpoint %s: %s -> %s", desired.endpoint, state and state.config, target.name)
        scaling.suspend()
        if endpoint.roll_out(target, desired, state):
            _check_not_rolled_back(endpoint.settled(), state, target, lambda: scaling.apply(desired))  # noqa: B023
    raise RolledBackError(f"no rest after {_MOST_ROUNDS} rounds: others keep changing the endpoint")


def endpoint_of(clients: Clients, desired: Desired, deadline: Deadline) -> Endpoint:
    """The endpoint of a configuration."""
    archives = Archives(clients.s3, desired.archives_uri, desired.endpoint)
    return Endpoint(clients.sagemaker, archives, desired.endpoint, deadline)


def _chosen(sagemaker: Any, desired: Desired, nominated: str | None, state: State | None) -> Chosen:
    def chosen_of(registry: Registry, serving: str | None) -> Package | None:
        return choose(registry.find(nominated), registry.find(serving), registry.newest_approved())

    if desired.model_types:
        before = {} if state is None else state.by_archive
        found = {}
        for fraud_type, group in desired.model_types.items():
            archive = archive_of(fraud_type)
            package = chosen_of(Registry(sagemaker, group), before.get(archive))
            if package is not None:
                found[archive] = package
        return Chosen(by_archive=found)
    registry = Registry(sagemaker, desired.package_group)
    package = chosen_of(registry, None if state is None else state.package)
    shadowed = package is not None and desired.shadow_percent > 0
    return Chosen(package, registry.newest_approved(shadow=True) if shadowed else None)


def _check_not_rolled_back(
    after: State | None, before: State | None, target: Plan, resume_scaling: Callable[[], None]
) -> None:
    """An endpoint that rolled back is InService, on its old configuration."""
    if after is None or after.serves(target):
        return
    failed = after.status != "InService"
    if failed or (before is not None and after.config == before.config):
        if not failed:
            resume_scaling()
        raise RolledBackError(
            f"endpoint is {after.status} on {after.config} instead of {target.name}"
            f"{': ' + after.failure if after.failure else ''}; see its alarms and container logs"
        )
