"""Entry of the disposal function: a custom resource that acts when it is deleted."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from typing import Any

import boto3

from cdk_app.functions.clock import Deadline, StillInProgressError
from cdk_app.functions.custom_resource import respond
from cdk_app.functions.disposal.empty import empty_bucket, empty_package_group, stop_access_logs

logging.getLogger().setLevel(logging.INFO)
log = logging.getLogger(__name__)


def handle(event: Mapping[str, Any], context: Any) -> None:
    """Properties: ``Buckets``, a list of names, or ``ModelPackageGroup``, a name."""
    properties = event["ResourceProperties"]
    physical_id = event.get("PhysicalResourceId") or event["LogicalResourceId"]
    try:
        if event["RequestType"] == "Delete":
            deadline = Deadline(context.get_remaining_time_in_millis)
            buckets = properties.get("Buckets", [])
            stop_access_logs(boto3.client("s3"), buckets)
            for bucket in buckets:
                empty_bucket(boto3.client("s3"), bucket, deadline)
            if group := properties.get("ModelPackageGroup"):
                empty_package_group(boto3.client("sagemaker"), group, deadline)
    except StillInProgressError:
        raise  # Lambda invokes again; CloudFormation keeps waiting
    except Exception as error:
        log.exception("disposal failed")
        respond(event, "FAILED", physical_id, reason=f"{type(error).__name__}: {error}")
        return
    respond(event, "SUCCESS", physical_id)
