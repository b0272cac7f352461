"""JSON on the wire to and from the Python values of botocore's service models."""

from __future__ import annotations

import base64
import binascii
from datetime import UTC, datetime
from email.utils import format_datetime
from typing import Any

from botocore.model import ListShape, MapShape, Shape, StructureShape

from mirror.api import ServiceError


def wire_name(member: Shape, name: str) -> str:
    """The name a structure's member carries on the wire."""
    return str(member.serialization.get("name", name))


def decode(shape: Shape, value: Any, path: str = "") -> Any:
    """Wire JSON to botocore-shaped parameters: blobs become bytes, unknown and null members vanish.

    Timestamps stay as they came (numbers or ISO strings), which botocore's validator accepts.

    Raises:
        ServiceError: ``SerializationException`` when a container or blob has the wrong JSON type.
    """
    if isinstance(shape, StructureShape):
        _expect(value, dict, shape, path)
        decoded = {}
        for name, member in shape.members.items():
            item = value.get(wire_name(member, name))
            if item is not None:
                decoded[name] = decode(member, item, f"{path}.{name}" if path else name)
        return decoded
    if isinstance(shape, ListShape):
        _expect(value, list, shape, path)
        return [decode(shape.member, item, f"{path}[{at}]") for at, item in enumerate(value)]
    if isinstance(shape, MapShape):
        _expect(value, dict, shape, path)
        return {key: decode(shape.value, item, f"{path}[{key!r}]") for key, item in value.items()}
    if shape.type_name == "blob" and isinstance(value, str):
        try:
            return base64.b64decode(value, validate=True)
        except binascii.Error as error:
            raise ServiceError("SerializationException", f"{path}: not valid base64: {error}") from error
    return value


def encode(shape: Shape, value: Any) -> Any:
    """botocore-shaped response values to wire JSON; members the model does not know are left out."""
    if value is None:
        return None
    if isinstance(shape, StructureShape):
        return {
            wire_name(member, name): encode(member, value[name])
            for name, member in shape.members.items()
            if value.get(name) is not None
        }
    if isinstance(shape, ListShape):
        return [encode(shape.member, item) for item in value]
    if isinstance(shape, MapShape):
        return {str(key): encode(shape.value, item) for key, item in value.items()}
    if shape.type_name == "blob":
        return base64.b64encode(value.encode() if isinstance(value, str) else value).decode()
    if shape.type_name == "timestamp":
        return timestamp(value, shape.serialization.get("timestampFormat", "unixTimestamp"))
    return value


def timestamp(value: Any, form: str) -> float | int | str:
    """A moment (aware datetime or epoch seconds) in one of the three wire formats of AWS."""
    if not isinstance(value, datetime):
        if form == "unixTimestamp":
            return float(value)
        value = datetime.fromtimestamp(float(value), UTC)
    if form == "iso8601":
        return str(value.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z"))
    if form == "rfc822":
        return format_datetime(value.astimezone(UTC), usegmt=True)
    return round(float(value.timestamp()), 3)


def _expect(value: Any, kind: type, shape: Shape, path: str) -> None:
    if not isinstance(value, kind):
        where = path or "the request body"
        raise ServiceError(
            "SerializationException",
            f"{where}: expected a JSON {shape.type_name}, found {type(value).__name__}",
        )
