"""The Lambda API that runs functions; moto keeps the rest of the Lambda API."""

from __future__ import annotations

import base64
import json

from mirror.api import Context, Document, ServiceError, operation
from mirror.functions.code import find
from mirror.functions.invocations import run_now, start

_LOG_TAIL = 4096


@operation(
    "lambda",
    "Invoke",
    coverage="partial",
    note="zipped Python functions, $LATEST only, a new process each time",
)
def invoke(ctx: Context, params: Document) -> Document:
    """Run a function now (``RequestResponse``), queue it (``Event``) or only look for it (``DryRun``)."""
    name = params["FunctionName"]
    if params.get("Qualifier", "$LATEST") != "$LATEST":
        raise ServiceError("ResourceNotFoundException", f"{name}: the mirror runs $LATEST only", 404)
    event = _event(params.get("Payload"))
    kind = params.get("InvocationType", "RequestResponse")
    if kind == "DryRun":
        find(ctx, name)
        return {"StatusCode": 204}
    if kind == "Event":
        start(ctx, name, event)
        return {"StatusCode": 202}
    result = run_now(ctx, name, json.dumps(event))
    answer: Document = {
        "StatusCode": 200,
        "ExecutedVersion": "$LATEST",
        "Payload": result.payload.encode(),
    }
    if result.error:
        answer["FunctionError"] = result.error
    if params.get("LogType") == "Tail":
        answer["LogResult"] = base64.b64encode(result.log.encode()[-_LOG_TAIL:]).decode()
    return answer


def _event(payload: bytes | str | None) -> Document:
    try:
        event: Document = json.loads(payload or b"{}")
    except ValueError as error:
        raise ServiceError(
            "InvalidRequestContentException", f"Could not parse request body into json: {error}"
        ) from error
    return event
