"""The Kinesis data plane on the wire: JSON bodies straight to typed requests."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import msgspec

from mirror.api import ServiceError
from mirror.cloud import Cloud
from mirror.kinesis import data

SERVICE = "kinesis"
_PREFIX = b"Kinesis_20131202."
_encode = msgspec.json.Encoder().encode


class KinesisHttp:
    """Runs the data operation of a request, on the caller's thread."""

    def __init__(self, cloud: Cloud) -> None:
        self._operations: dict[bytes, tuple[Callable[[bytes], Any], Callable[[str, Any], Any]]] = {
            _PREFIX + name.encode(): (msgspec.json.Decoder(kind).decode, method)
            for name, (kind, method) in data.methods(data.of(cloud)).items()
        }

    def serves(self, target: bytes) -> bool:
        """Whether ``X-Amz-Target`` names a data operation."""
        return target in self._operations

    def run(self, target: bytes, region: str, body: bytes) -> bytes:
        """Answer one call with the JSON of its response.

        Raises:
            ServiceError: as the operation says; ``ValidationException`` for a request that does not
                fit, naming the field.
        """
        decode, method = self._operations[target]
        try:
            request = decode(body)
        except msgspec.ValidationError as error:
            raise ServiceError("ValidationException", str(error)) from None
        except msgspec.DecodeError as error:
            raise ServiceError("SerializationException", str(error)) from None
        return _encode(method(region, request))
