"""Lifecycle of the area: endpoints that served before are started again."""

from __future__ import annotations

from mirror.cloud import Cloud
from mirror.endpoints.hosting import forget, hosting
from mirror.jobs.service import regions


def start(cloud: Cloud) -> None:
    """Start every endpoint in the documents, in the background."""
    hosting(cloud).restore(regions())


def stop(cloud: Cloud) -> None:
    """Stop every server process."""
    hosting(cloud).stop()
    forget(cloud)
