"""Entry of the deployer function: a custom resource request or an approval event."""

from __future__ import annotations

import json
import logging
import os
from collections.abc import Mapping
from typing import Any

import boto3

from cdk_app.functions.clock import Deadline, StillInProgressError
from cdk_app.functions.custom_resource import respond
from cdk_app.functions.deployer.desired import Desired
from cdk_app.functions.deployer.errors import RolledBackError
from cdk_app.functions.deployer.reconcile import Clients, Outcome, endpoint_of, reconcile
from cdk_app.functions.deployer.scaling import Scaling

logging.getLogger().setLevel(logging.INFO)
log = logging.getLogger(__name__)


def handle(event: Mapping[str, Any], context: Any) -> dict[str, str]:
    """Reconcile the endpoint.

    Environment: ``DESIRED_PARAMETER``, the SSM parameter with the configuration, and
    ``DEAD_LETTER_QUEUE_URL``, where events end whose rollout was rolled back.
    """
    deadline = Deadline(context.get_remaining_time_in_millis)
    clients = Clients(boto3.client("sagemaker"), boto3.client("application-autoscaling"), boto3.client("s3"))
    if "RequestType" in event:
        return _on_request(event, clients, deadline)
    return _on_approval(event, clients, deadline)


def _on_request(event: Mapping[str, Any], clients: Clients, deadline: Deadline) -> dict[str, str]:
    """CloudFormation wants the endpoint created, updated or deleted."""
    physical_id = event.get("PhysicalResourceId", "unknown")
    try:
        desired = Desired.from_json(event["ResourceProperties"]["Configuration"])
        physical_id = desired.endpoint
        if event["RequestType"] == "Delete":
            Scaling(clients.autoscaling, desired.endpoint, desired.variant).suspend()
            endpoint_of(clients, desired, deadline).delete()
            data = {"EndpointName": desired.endpoint}
        else:
            data = _data(reconcile(lambda: desired, None, clients, deadline))
    except StillInProgressError:
        raise  # Lambda invokes again; CloudFormation keeps waiting
    except Exception as error:
        log.exception("request failed")
        respond(event, "FAILED", physical_id, reason=f"{type(error).__name__}: {error}")
        return {"Failed": str(error)}
    respond(event, "SUCCESS", physical_id, data=data)
    return data


def _on_approval(event: Mapping[str, Any], clients: Clients, deadline: Deadline) -> dict[str, str]:
    """The registry changed the approval of a package."""
    ssm = boto3.client("ssm")

    def read_desired() -> Desired:
        name = os.environ["DESIRED_PARAMETER"]
        return Desired.from_json(ssm.get_parameter(Name=name)["Parameter"]["Value"])

    try:
        return _data(reconcile(read_desired, event["detail"]["ModelPackageArn"], clients, deadline))
    except RolledBackError as error:
        # Lambda would try again and harm the endpoint again: report it now, and end.
        log.exception("rolled back")
        boto3.client("sqs").send_message(
            QueueUrl=os.environ["DEAD_LETTER_QUEUE_URL"],
            MessageBody=json.dumps({"error": str(error), "event": event}),
        )
        return {"Failed": str(error)}


def _data(outcome: Outcome) -> dict[str, str]:
    return {
        "EndpointName": outcome.endpoint,
        "EndpointConfigName": outcome.config,
        "ModelPackageArn": outcome.package,
        "DecidedBy": "model" if outcome.package else "rules",
    }
