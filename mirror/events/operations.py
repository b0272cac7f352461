"""The EventBridge API that carries events; moto keeps the rest of it."""

from __future__ import annotations

import json

from mirror import timestamps
from mirror.api import Context, Document, ServiceError, operation
from mirror.events import bus

_MAX_ENTRIES = 10


@operation("events", "PutEvents", coverage="partial", note="targets: Lambda, SQS, SNS, log groups, pipelines")
def put_events(ctx: Context, params: Document) -> Document:
    """Deliver up to ten events; each is accepted or refused for itself."""
    if len(params["Entries"]) > _MAX_ENTRIES:
        raise ServiceError("ValidationException", f"Entries: at most {_MAX_ENTRIES} events in a call")
    results = [_put(ctx, entry) for entry in params["Entries"]]
    failed = sum("ErrorCode" in result for result in results)
    return {"FailedEntryCount": failed, "Entries": results}


def _put(ctx: Context, entry: Document) -> Document:
    for name in ("Source", "DetailType", "Detail"):
        if not entry.get(name):
            return {
                "ErrorCode": "InvalidArgument",
                "ErrorMessage": f"Parameter {name} is not valid. Reason: {name} is a required argument.",
            }
    if entry["Source"].startswith("aws."):
        return {
            "ErrorCode": "NotAuthorizedForSourceException",
            "ErrorMessage": "Not authorized for the source: names that begin with aws. are AWS's own.",
        }
    try:
        detail = json.loads(entry["Detail"])
    except ValueError:
        detail = None
    if not isinstance(detail, dict):
        return {"ErrorCode": "MalformedDetail", "ErrorMessage": "Detail is malformed."}
    time = timestamps.moment(entry["Time"]) if "Time" in entry else None
    message = bus.event(ctx, entry["Source"], entry["DetailType"], detail, entry.get("Resources", ()), time)
    try:
        return {"EventId": bus.put(ctx, message, entry.get("EventBusName", "default"))}
    except ServiceError as error:
        return {"ErrorCode": error.code, "ErrorMessage": error.message}
