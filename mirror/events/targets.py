"""Reaches one target of a rule or a schedule."""

from __future__ import annotations

import json
from collections.abc import Callable
from uuid import uuid4

from mirror import functions, messages
from mirror.api import Context, Document, ServiceError, service_model
from mirror.aws import Aws
from mirror.documents import utcnow

_UNIVERSAL = "arn:aws:scheduler:::aws-sdk:"


def reach(ctx: Context, target: Document, text: str) -> None:
    """Deliver `text` to ``target["Arn"]``.

    Raises:
        ServiceError: the target refused it, or the mirror does not deliver to such targets.
    """
    arn: str = target["Arn"]
    if arn.startswith(_UNIVERSAL):
        _universal(ctx, arn, text)
        return
    handler = _HANDLERS.get(arn.split(":")[2])
    if handler is None:
        raise ServiceError(
            "InvalidParameterValue", f"{arn}: the mirror delivers to {', '.join(sorted(_HANDLERS))} only"
        )
    region = arn.split(":")[3] or ctx.region
    handler(Context(ctx.cloud, region), target, text)


def check(arn: str) -> None:
    """Raises ServiceError when `arn` is not a kind of target that the mirror reaches."""
    if arn.startswith(_UNIVERSAL):
        service, _, name = arn.removeprefix(_UNIVERSAL).partition(":")
        _operation(service, name)
    elif len(arn.split(":")) < 6 or arn.split(":")[2] not in _HANDLERS:
        raise ServiceError(
            "ValidationException", f"{arn}: the mirror delivers to {', '.join(sorted(_HANDLERS))} only"
        )


def _function(ctx: Context, target: Document, text: str) -> None:
    functions.start(ctx, target["Arn"], json.loads(text))


def _queue(ctx: Context, target: Document, text: str) -> None:
    group = target.get("SqsParameters", {}).get("MessageGroupId")
    messages.send_text(ctx, target["Arn"], text, group_id=group)


def _topic(ctx: Context, target: Document, text: str) -> None:
    messages.send_text(ctx, target["Arn"], text)


def _log_group(ctx: Context, target: Document, text: str) -> None:
    aws, group, stream = Aws(ctx), target["Arn"].split(":")[6], str(uuid4())
    aws("logs", "CreateLogStream", logGroupName=group, logStreamName=stream)
    events = [{"timestamp": int(utcnow().timestamp() * 1000), "message": text}]
    aws("logs", "PutLogEvents", logGroupName=group, logStreamName=stream, logEvents=events)


def _pipeline(ctx: Context, target: Document, text: str) -> None:  # noqa: ARG001 - parameters come from the target
    parameters = target.get("SageMakerPipelineParameters", {}).get("PipelineParameterList", [])
    Aws(ctx)(
        "sagemaker",
        "StartPipelineExecution",
        PipelineName=target["Arn"].rpartition("/")[2],
        PipelineParameters=parameters,
        ClientRequestToken=str(uuid4()),
    )


def _universal(ctx: Context, arn: str, text: str) -> None:
    service, _, name = arn.removeprefix(_UNIVERSAL).partition(":")
    params = json.loads(text or "{}")
    shape = service_model(service).operation_model(_operation(service, name)).input_shape
    if shape is not None and "ClientRequestToken" in shape.required_members:
        params.setdefault("ClientRequestToken", str(uuid4()))
    Aws(ctx)(service, _operation(service, name), **params)


def _operation(service: str, name: str) -> str:
    """``startPipelineExecution`` → ``StartPipelineExecution``."""
    operation = name[:1].upper() + name[1:]
    if operation not in service_model(service).operation_names:
        raise ServiceError("ValidationException", f"{_UNIVERSAL}{service}:{name}: there is no such operation")
    return operation


_HANDLERS: dict[str, Callable[[Context, Document, str], None]] = {
    "lambda": _function,
    "logs": _log_group,
    "sagemaker": _pipeline,
    "sns": _topic,
    "sqs": _queue,
}
