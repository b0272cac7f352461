"""The job runner of each running mirror, and what became of jobs when a mirror was killed."""

from __future__ import annotations

import threading
from functools import cache
from pathlib import Path

import boto3

from mirror.api import Context
from mirror.cloud import Cloud
from mirror.documents import utcnow
from mirror.jobs import records
from mirror.jobs.records import PROCESSING, TRAINING
from mirror.jobs.runner import Runner

INTERRUPTED = "InternalServerError: the mirror was stopped while this job ran; create it again"
_runners: dict[Path, Runner] = {}
_lock = threading.Lock()


def runner(cloud: Cloud) -> Runner:
    """The runner of `cloud`, made on first use."""
    with _lock:
        found = _runners.get(cloud.state_dir)
        if found is None:
            found = _runners[cloud.state_dir] = Runner()
        return found


@cache
def regions() -> tuple[str, ...]:
    """Every region that SageMaker has: documents are kept per region."""
    return tuple(boto3.session.Session().get_available_regions("sagemaker"))


def start(cloud: Cloud) -> None:
    """Mark jobs that an earlier mirror left running as Failed: their processes died with it."""
    for kind in (PROCESSING, TRAINING):
        documents = cloud.documents.collection(kind.resource)
        for region in regions():
            for name, job in documents.items(region):
                if job[kind.status_field] in records.RUNNING:
                    fields = {
                        kind.status_field: "Failed",
                        kind.end_field: utcnow(),
                        "FailureReason": INTERRUPTED,
                    }
                    if kind is TRAINING:
                        fields["SecondaryStatus"] = "Failed"
                    records.update(Context(cloud, region), kind, name, **fields)


def stop(cloud: Cloud) -> None:
    """Stop the jobs of `cloud` and wait until their end is stored."""
    with _lock:
        found = _runners.pop(cloud.state_dir, None)
    if found is not None:
        found.close()
