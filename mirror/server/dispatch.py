"""Runs one registered operation: decode, validate, handle, check, encode."""

from __future__ import annotations

import itertools
import logging
import os
from typing import Any

import msgspec
from botocore.model import ServiceModel

from mirror.api import (
    Context,
    Document,
    Operation,
    ServiceError,
    service_model,
    validate,
)
from mirror.server import rest
from mirror.server.codec import decode, encode
from mirror.server.request import Request, Response
from mirror.server.shapes import mismatches

logger = logging.getLogger(__name__)

CHECK_SHAPES = os.environ.get("FRAUDLINE_CHECK_SHAPES") == "1"
_counter = itertools.count(1)
_start = os.urandom(8).hex()


def request_id() -> bytes:
    """An id in the form of AWS's, unique in this process."""
    low = f"{next(_counter):016x}"
    return f"{_start[:8]}-{_start[8:12]}-{_start[12:]}-{low[:4]}-{low[4:]}".encode()


def run_json(operation: Operation, context: Context, request: Request) -> Response:
    """Answer a JSON-protocol request (``X-Amz-Target``)."""
    service = service_model(operation.service)
    model = service.operation_model(operation.name)
    content_type = f"application/x-amz-json-{service.metadata.get('jsonVersion', '1.1')}".encode()
    try:
        body = _json(request.body)
        params = decode(model.input_shape, body) if model.input_shape else {}
        result = _handle(operation, context, params)
    except Exception as error:
        return error_response(error, service, content_type)
    encoded = encode(model.output_shape, result) if model.output_shape else {}
    payload = msgspec.json.encode(encoded) if model.output_shape else b""
    return success(payload, content_type)


def run_rest(route: rest.Route, path: dict[str, str], context: Context, request: Request) -> Response:
    """Answer a rest-json request."""
    try:
        params = rest.parse(route.model, request, path)
        return rest.respond(route.model, _handle(route.operation, context, params), request_id())
    except Exception as error:
        return error_response(error, service_model(route.operation.service), b"application/json")


def success(body: bytes, content_type: bytes) -> Response:
    """A 200 with an encoded body."""
    return Response(200, [(b"content-type", content_type), (b"x-amzn-requestid", request_id())], body)


def error_response(error: Exception, service: ServiceModel, content_type: bytes) -> Response:
    """An AWS JSON error. Anything but a `ServiceError` is our bug: logged, and answered with a 500."""
    if not isinstance(error, ServiceError):
        logger.error("%s failed", service.service_name, exc_info=error)
        error = ServiceError("InternalFailure", f"{type(error).__name__}: {error}", 500)
    code = _code(error, service)
    return Response(
        error.status,
        [
            (b"content-type", content_type),
            (b"x-amzn-requestid", request_id()),
            (b"x-amzn-errortype", code.encode()),
        ],
        msgspec.json.encode({"__type": code, "message": error.message}),
    )


def check(service: str, operation: str, result: Any) -> None:
    """Raise a 500 that names every member of `result` that is not as the model says."""
    found = mismatches(service, operation, result)
    if found:
        raise ServiceError("InternalFailure", "response shape: " + "; ".join(found), 500)


def check_json(service: str, operation: str, body: bytes) -> None:
    """`check` for a response that was encoded by hand."""
    check(service, operation, msgspec.json.decode(body) if body else {})


def _handle(operation: Operation, context: Context, params: Document) -> Document:
    validate(operation.service, operation.name, params)
    result = operation.handler(context, params)
    if CHECK_SHAPES:
        check(operation.service, operation.name, result)
    return result


def _code(error: ServiceError, service: ServiceModel) -> str:
    # The runtimes of SageMaker call it ValidationError, every other service ValidationException.
    if error.code == "ValidationException" and error.code not in service.shape_names:
        return "ValidationError" if "ValidationError" in service.shape_names else error.code
    return error.code


def _json(body: bytes) -> Any:
    if not body:
        return {}
    try:
        return msgspec.json.decode(body)
    except msgspec.DecodeError as error:
        raise ServiceError("SerializationException", f"the request body is not JSON: {error}") from error
