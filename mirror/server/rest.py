"""The rest-json protocol, driven by botocore's models: routes, request parsing, responses."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qs, unquote

import msgspec
from botocore.model import ListShape, MapShape, OperationModel, Shape, StructureShape

from mirror.api import Document, Operation, ServiceError, service_model
from mirror.server.codec import decode, encode, timestamp, wire_name
from mirror.server.request import Request, Response


@dataclass(frozen=True, slots=True)
class Route:
    """One operation's method and path pattern."""

    method: str
    pattern: re.Pattern[bytes]
    literals: int
    query: dict[str, list[str]]
    operation: Operation
    model: OperationModel


class Routes:
    """Finds the operation of a rest-json request by signing name, method and path."""

    def __init__(self, operations: Iterable[Operation]) -> None:
        self._by_service: dict[str, list[Route]] = {}
        for operation in operations:
            service = service_model(operation.service)
            if service.metadata["protocol"] == "rest-json":
                route = _route(operation)
                self._by_service.setdefault(service.signing_name, []).append(route)
        for routes in self._by_service.values():  # the most literal path wins: /a/list before /a/{id}
            routes.sort(key=lambda route: (route.literals, len(route.query)), reverse=True)

    def find(self, request: Request) -> tuple[Route, dict[str, str]] | None:
        """The route and its decoded path parameters, or None."""
        for route in self._by_service.get(request.service, ()):
            if route.method != request.method:
                continue
            match = route.pattern.fullmatch(request.raw_path)
            if match is None:
                continue
            if route.query and not _contains(_query(request), route.query):
                continue
            return route, {key: unquote(value.decode()) for key, value in match.groupdict().items()}
        return None


def parse(model: OperationModel, request: Request, path: dict[str, str]) -> Document:
    """botocore-shaped parameters of a rest-json request.

    Raises:
        ServiceError: ``SerializationException`` when a value cannot be read as its type.
    """
    shape = model.input_shape
    if shape is None:
        return {}
    query = _query(request)
    params: Document = {}
    payload = shape.serialization.get("payload")
    in_body = []
    for name, member in shape.members.items():
        location, wire = member.serialization.get("location"), wire_name(member, name)
        value: Any = None
        if location == "uri":
            value = _scalar(member, path[wire], name)
        elif location == "querystring":
            value = _from_query(member, query, wire, name)
        elif location == "header":
            text = request.header(wire.lower().encode())
            value = None if text is None else _scalar(member, text, name)
        elif location == "headers":
            value = _prefixed(request, wire.lower())
        elif name == payload:
            value = _payload(member, request.body, name)
        elif payload is None:
            in_body.append(name)
        if value is not None:
            params[name] = value
    if in_body and request.body:
        decoded = decode(shape, _json(request.body))
        params.update({name: decoded[name] for name in in_body if name in decoded})
    return params


def respond(model: OperationModel, result: Document, request_id: bytes) -> Response:
    """The HTTP response of a rest-json operation's result."""
    headers = [(b"content-type", b"application/json"), (b"x-amzn-requestid", request_id)]
    shape, status = model.output_shape, int(model.http.get("responseCode", 200))
    if shape is None:
        return Response(status, headers, b"")
    payload = shape.serialization.get("payload")
    rest: Document = {}
    for name, member in shape.members.items():
        value = result.get(name)
        if value is None:
            continue
        location, wire = member.serialization.get("location"), wire_name(member, name)
        if location == "statusCode":
            status = int(value)
        elif location == "header":
            headers.append((wire.lower().encode(), _header_text(member, value).encode("latin-1")))
        elif location == "headers":
            headers += [(f"{wire}{key}".lower().encode(), str(item).encode()) for key, item in value.items()]
        else:
            rest[name] = value
    if payload is None:
        return Response(status, headers, msgspec.json.encode(encode(shape, rest)))
    body = rest.get(payload)
    if isinstance(shape.members[payload], StructureShape):
        return Response(status, headers, msgspec.json.encode(encode(shape.members[payload], body or {})))
    if body is None:
        return Response(status, headers, b"")
    raw = body.read() if hasattr(body, "read") else body
    return Response(status, headers, raw.encode() if isinstance(raw, str) else bytes(raw))


def _route(operation: Operation) -> Route:
    model = service_model(operation.service).operation_model(operation.name)
    path, _, query = model.http["requestUri"].partition("?")
    pattern, literals = "", 0
    for part in re.split(r"(\{[^}]+\})", path):
        if part.startswith("{"):
            name = part.strip("{}+")
            pattern += f"(?P<{name}>{'.+' if part.endswith('+}') else '[^/]+'})"
        else:
            pattern += re.escape(part)
            literals += len(part)
    return Route(
        model.http["method"],
        re.compile(pattern.encode() + b"/?"),
        literals,
        parse_qs(query, keep_blank_values=True),
        operation,
        model,
    )


def _query(request: Request) -> dict[str, list[str]]:
    return parse_qs(request.query.decode("latin-1"), keep_blank_values=True) if request.query else {}


def _contains(query: dict[str, list[str]], required: dict[str, list[str]]) -> bool:
    return all(query.get(key) == value for key, value in required.items())


def _from_query(member: Shape, query: dict[str, list[str]], wire: str, name: str) -> Any:
    if isinstance(member, MapShape):
        return {key: values[0] for key, values in query.items()}
    values = query.get(wire)
    if values is None:
        return None
    if isinstance(member, ListShape):
        return [_scalar(member.member, value, name) for value in values]
    return _scalar(member, values[0], name)


def _prefixed(request: Request, prefix: str) -> dict[str, str] | None:
    found = {
        key.decode()[len(prefix) :]: value.decode("latin-1")
        for key, value in request.headers
        if key.decode().startswith(prefix)
    }
    return found or None


def _payload(member: Shape, body: bytes, name: str) -> Any:
    if isinstance(member, StructureShape | ListShape | MapShape):
        return decode(member, _json(body), name) if body else None
    if member.type_name == "blob":
        return body
    return body.decode() if body else None


def _scalar(shape: Shape, text: str, name: str) -> Any:
    try:
        if shape.type_name in ("integer", "long"):
            return int(text)
        if shape.type_name in ("float", "double"):
            return float(text)
    except ValueError:
        message = f"{name}: expected a number, found {text!r}"
        raise ServiceError("SerializationException", message) from None
    if shape.type_name == "boolean":
        return text.lower() == "true"
    return text


def _header_text(shape: Shape, value: Any) -> str:
    if shape.type_name == "timestamp":
        return str(timestamp(value, shape.serialization.get("timestampFormat", "rfc822")))
    if shape.type_name == "boolean":
        return "true" if value else "false"
    return str(value)


def _json(body: bytes) -> Any:
    try:
        return msgspec.json.decode(body)
    except msgspec.DecodeError as error:
        raise ServiceError("SerializationException", f"the request body is not JSON: {error}") from error
