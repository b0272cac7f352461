"""Lifecycle of the Lambda area."""

from __future__ import annotations

import shutil

from mirror.cloud import Cloud
from mirror.functions import moto_patches


def start(cloud: Cloud) -> None:
    """Make moto keep what it would drop, and clear what killed invocations left behind."""
    moto_patches.install()
    shutil.rmtree(cloud.state_dir / "functions" / "run", ignore_errors=True)


def stop(cloud: Cloud) -> None:
    """Child processes are stopped with the mirror's other processes."""
