"""CloudFormation's custom resource protocol: one request, one answer by HTTP PUT."""

from __future__ import annotations

import json
import logging
import urllib.request
from collections.abc import Mapping
from typing import Any, Literal

log = logging.getLogger(__name__)

REASON_LENGTH = 1_000
"""CloudFormation refuses answers above 4 KB; a reason this long leaves room for the rest."""


def respond(
    event: Mapping[str, Any],
    status: Literal["SUCCESS", "FAILED"],
    physical_id: str,
    *,
    data: Mapping[str, str] | None = None,
    reason: str = "",
) -> None:
    """Answer the request `event`.

    Args:
        physical_id: identity of the resource; a different one than before asks for its deletion.
        data: attributes of the resource, for `Fn::GetAtt`.
        reason: why it failed, shown by CloudFormation.

    Raises:
        OSError: the answer could not be delivered; the stack would wait until its timeout.
        ValueError: the request's ResponseURL is not an HTTP address.
    """
    url = event["ResponseURL"]
    if not url.startswith(("https://", "http://")):
        raise ValueError(f"ResponseURL: expected an HTTP address, not {url[:40]!r}")
    body = json.dumps(
        {
            "Status": status,
            "Reason": reason[:REASON_LENGTH] or "done",
            "PhysicalResourceId": physical_id,
            "StackId": event["StackId"],
            "RequestId": event["RequestId"],
            "LogicalResourceId": event["LogicalResourceId"],
            "Data": dict(data or {}),
        }
    ).encode()
    # The address is signed with an empty content type; any other breaks the signature.
    request = urllib.request.Request(url, body, {"Content-Type": ""}, method="PUT")  # noqa: S310
    with urllib.request.urlopen(request, timeout=30) as answer:  # noqa: S310
        log.info("%s answered %s: HTTP %s", event["RequestType"], status, answer.status)
