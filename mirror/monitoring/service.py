"""Lifecycle of the area: alarms are evaluated while the mirror runs."""

from __future__ import annotations

from mirror.cloud import Cloud
from mirror.monitoring.watch import forget, watch


def start(cloud: Cloud) -> None:
    """Evaluate every alarm once a second from now on."""
    watch(cloud).start()


def stop(cloud: Cloud) -> None:
    """Stop evaluating; the alarms keep their state."""
    watch(cloud).stop()
    forget(cloud)
