"""Endpoint changes as EventBridge events, with the fields AWS documents."""

from __future__ import annotations

import re
from typing import Any

from mirror import tags
from mirror.api import Context, Document
from mirror.endpoints.plan import summaries
from mirror.events import publish

_WORD = re.compile(r"(?<=[a-z])(?=[A-Z])")


def publish_state(ctx: Context, endpoint: Document) -> None:
    """Tell the default event bus that the endpoint's status changed."""
    detail: dict[str, Any] = {
        "EndpointName": endpoint["EndpointName"],
        "EndpointArn": endpoint["EndpointArn"],
        "EndpointConfigName": endpoint["EndpointConfigName"],
        "ProductionVariants": [
            {key: value for key, value in summary.items() if key != "DeployedImages"}
            for summary in summaries(endpoint["Plan"])
        ],
        # Events spell it IN_SERVICE where the API says InService.
        "EndpointStatus": _WORD.sub("_", endpoint["EndpointStatus"]).upper(),
        "CreationTime": _milliseconds(endpoint["CreationTime"]),
        "LastModifiedTime": _milliseconds(endpoint["LastModifiedTime"]),
        "Tags": {tag["Key"]: tag["Value"] for tag in tags.get(ctx.cloud, endpoint["EndpointArn"])},
    }
    if "FailureReason" in endpoint:
        detail["FailureReason"] = endpoint["FailureReason"]
    publish(ctx, "aws.sagemaker", "SageMaker Endpoint State Change", detail, [endpoint["EndpointArn"]])


def _milliseconds(moment: Any) -> int:
    return int(moment.timestamp() * 1000)
