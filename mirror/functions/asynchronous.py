"""Asynchronous invocation: attempts, and where an event goes when all of them fail."""

from __future__ import annotations

import json
import logging
import time
from collections.abc import Callable
from typing import Any

from mirror import messages
from mirror.api import Context, Document, ServiceError
from mirror.aws import Aws
from mirror.documents import utcnow
from mirror.functions.code import Function
from mirror.functions.run import Result

log = logging.getLogger(__name__)

# AWS waits one minute and then two; on a laptop nobody would.
RETRY_DELAYS_S = (1.0, 2.0)


def deliver(ctx: Context, function: Function, event: str, attempt: Callable[[], Result]) -> Result:
    """Run the function until it succeeds or its retries are used up; returns the last result."""
    config = _config(ctx, function.name)
    attempts = 1 + int(config.get("MaximumRetryAttempts", 2))
    for number in range(1, attempts + 1):
        result = attempt()
        if result.error is None or number == attempts:
            break
        log.warning("%s failed, attempt %d of %d: %s", function.name, number, attempts, result.payload)
        time.sleep(RETRY_DELAYS_S[min(number, len(RETRY_DELAYS_S)) - 1])
    destinations = config.get("DestinationConfig", {})
    try:
        if result.error is None:
            _to_destination(ctx, destinations.get("OnSuccess"), _record(function, event, result, number))
        else:
            log.error(
                "%s failed %d time(s), the event is given up: %s", function.name, attempts, result.payload
            )
            _dead_letter(ctx, function, event, result)
            _to_destination(ctx, destinations.get("OnFailure"), _record(function, event, result, number))
    except ServiceError:
        log.exception("%s: the outcome could not be delivered", function.name)
    return result


def _config(ctx: Context, name: str) -> Document:
    try:
        return Aws(ctx)("lambda", "GetFunctionEventInvokeConfig", FunctionName=name)
    except ServiceError:
        return {}  # none was set


def _dead_letter(ctx: Context, function: Function, event: str, result: Result) -> None:
    if function.dead_letter:
        answer = json.loads(result.payload)
        attributes = {
            "RequestID": result.request_id,
            "ErrorCode": "200",
            "ErrorMessage": str(answer.get("errorMessage", ""))[:1024],
        }
        messages.send_text(ctx, function.dead_letter, event, attributes=attributes)


def _to_destination(ctx: Context, destination: Document | None, record: Document) -> None:
    arn = (destination or {}).get("Destination")
    if arn and ":lambda:" in arn:
        Aws(ctx)(
            "lambda", "Invoke", FunctionName=arn, InvocationType="Event", Payload=json.dumps(record).encode()
        )
    elif arn:
        messages.send_text(ctx, arn, json.dumps(record))


def _record(function: Function, event: str, result: Result, count: int) -> dict[str, Any]:
    """The invocation record, as Lambda documents it."""
    failed = result.error is not None
    return {
        "version": "1.0",
        "timestamp": utcnow().isoformat(timespec="milliseconds").replace("+00:00", "Z"),
        "requestContext": {
            "requestId": result.request_id,
            "functionArn": f"{function.arn}:$LATEST",
            "condition": "RetriesExhausted" if failed else "Success",
            "approximateInvokeCount": count,
        },
        "requestPayload": json.loads(event),
        "responseContext": {"statusCode": 200, "executedVersion": "$LATEST"}
        | ({"functionError": result.error} if failed else {}),
        "responsePayload": json.loads(result.payload),
    }
