"""Entry of the starter function: a custom resource that has its application running."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from typing import Any

import boto3

from cdk_app.functions.clock import Deadline, StillInProgressError
from cdk_app.functions.custom_resource import respond
from cdk_app.functions.starter.start import start

logging.getLogger().setLevel(logging.INFO)
log = logging.getLogger(__name__)


def handle(event: Mapping[str, Any], context: Any) -> None:
    """Properties: ``Application``, its name. Deletion is left to the application's own."""
    properties = event["ResourceProperties"]
    physical_id = f"{properties['Application']}-running"
    try:
        if event["RequestType"] != "Delete":
            deadline = Deadline(context.get_remaining_time_in_millis)
            start(boto3.client("kinesisanalyticsv2"), properties["Application"], deadline)
    except StillInProgressError:
        raise  # Lambda invokes again; CloudFormation keeps waiting
    except Exception as error:
        log.exception("start failed")
        respond(event, "FAILED", physical_id, reason=f"{type(error).__name__}: {error}")
        return
    respond(event, "SUCCESS", physical_id)
