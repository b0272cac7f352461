"""Lifecycle of the area: applications that ran before run again, and which environments they serve."""

from __future__ import annotations

import threading
from pathlib import Path

from mirror.analytics import applications, cluster
from mirror.analytics.runs import Runs
from mirror.api import Context
from mirror.cloud import Cloud
from mirror.jobs.service import regions

_runs: dict[Path, Runs] = {}
_lock = threading.Lock()


def runs(cloud: Cloud) -> Runs:
    """The applications of `cloud`, made on first use."""
    with _lock:
        return _runs.setdefault(cloud.state_dir, Runs(cloud))


def start(cloud: Cloud) -> None:
    """Start again, from their last checkpoints, what ran when the mirror stopped."""
    for region in regions():
        ctx = Context(cloud, region)
        for document in applications.collection(ctx).values(region):
            name, status = document["ApplicationName"], document["ApplicationStatus"]
            if status == "DELETING":
                applications.collection(ctx).delete(region, name)
            elif status in ("STOPPING", "FORCE_STOPPING"):
                _settle(ctx, name, "READY")
            elif status != "READY":
                runs(cloud).start(ctx, name, None)


def stop(cloud: Cloud) -> None:
    """End every process; the documents keep what ran."""
    with _lock:
        found = _runs.pop(cloud.state_dir, None)
    if found is not None:
        found.close()


def served(cloud: Cloud) -> set[str]:
    """Environments whose stream an application of the mirror's default region processes now."""
    ctx = Context(cloud, cloud.region)
    found = (
        applications.property_groups(document).get(cluster.GROUP, {}).get("environment")
        for document in applications.collection(ctx).values(cloud.region)
        if document["ApplicationStatus"] not in ("READY", "DELETING")
    )
    return {environment for environment in found if environment}


def _settle(ctx: Context, name: str, status: str) -> None:
    applications.collection(ctx).update(
        ctx.region, name, lambda found: found.update(ApplicationStatus=status)
    )
