"""Lifecycle of the CloudFormation area."""

from __future__ import annotations

from boto3.session import Session

from mirror.api import Context
from mirror.cloud import Cloud
from mirror.cloudformation import change_sets, describe, moto_patches, operations, recovery, wire

_REGISTERING = (change_sets, describe, operations)  # importing them registers their operations


def start(cloud: Cloud) -> None:
    """Take CloudFormation over from moto, and deal with what a stopped mirror left in progress."""
    moto_patches.install()
    wire.install(cloud)
    for region in Session().get_available_regions("cloudformation"):
        recovery.recover(Context(cloud, region))


def stop(cloud: Cloud) -> None:
    """Operations in progress end with the process; the next start deals with them."""
