"""The Feature Store runtime on the wire: its REST paths straight to typed requests."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from urllib.parse import parse_qs, unquote

import msgspec

from mirror.cloud import Cloud
from mirror.feature_store import messages as m
from mirror.feature_store import runtime
from mirror.feature_store.records import invalid

SERVICE = "sagemaker-featurestore-runtime"
_PREFIX = b"/FeatureGroup/"
_encode = msgspec.json.Encoder().encode

_BATCH: dict[bytes, tuple[str, Any]] = {
    b"/BatchGetRecord": ("BatchGetRecord", m.BatchGetRecord),
    b"/BatchWriteRecord": ("BatchWriteRecord", m.BatchWriteRecord),
}
_NAMED: dict[tuple[str, bytes], tuple[str, Any]] = {
    ("PUT", b""): ("PutRecord", m.PutRecord),
    ("GET", b""): ("GetRecord", m.GetRecord),
    ("DELETE", b""): ("DeleteRecord", m.DeleteRecord),
    ("POST", b"Record"): ("UpdateRecord", m.UpdateRecord),
    ("POST", b"ListRecords"): ("ListRecords", m.ListRecords),
}
TYPES: dict[str, Any] = dict((*_BATCH.values(), *_NAMED.values()))
# Query parameters by their name on the wire; lists repeat the name.
_LISTS = {"FeatureName": "FeatureNames", "TargetStores": "TargetStores"}


class FeatureStoreHttp:
    """Finds and runs the runtime operation of a request, on the caller's thread."""

    def __init__(self, cloud: Cloud) -> None:
        self._methods = methods(runtime.of(cloud))
        self._decoders = {name: msgspec.json.Decoder(kind).decode for name, kind in TYPES.items()}

    def find(self, method: str, raw_path: bytes) -> tuple[str, str] | None:
        """``(operation, feature group)`` of a path, or None when it is not one of ours."""
        if raw_path.startswith(_PREFIX):
            group, _, action = raw_path[len(_PREFIX) :].partition(b"/")
            found = _NAMED.get((method, action))
            return (found[0], unquote(group.decode())) if found else None
        batch = _BATCH.get(raw_path) if method == "POST" else None
        return (batch[0], "") if batch else None

    def run(self, operation: str, group: str, query: bytes, region: str, body: bytes) -> bytes:
        """Answer one call with the JSON of its response; empty when the operation has no output.

        Raises:
            ServiceError: as the operation says; ``ValidationError`` for a request that does not fit.
        """
        try:
            if query or not body:
                request = msgspec.convert(_parameters(query), TYPES[operation])
            else:
                request = self._decoders[operation](body)
        except msgspec.DecodeError as error:  # a msgspec.ValidationError is one of these
            raise invalid(f"{operation}: {error}") from None
        if group:
            request.feature_group_name = group
        response = self._methods[operation](region, request)
        return b"" if type(response) is m.Nothing else _encode(response)


def methods(of: runtime.Runtime) -> dict[str, Callable[[str, Any], Any]]:
    """The operations of a runtime by name."""
    return {
        "PutRecord": of.put_record,
        "GetRecord": of.get_record,
        "DeleteRecord": of.delete_record,
        "UpdateRecord": of.update_record,
        "BatchGetRecord": of.batch_get_record,
        "BatchWriteRecord": of.batch_write_record,
        "ListRecords": of.list_records,
    }


def _parameters(query: bytes) -> dict[str, Any]:
    return {
        _LISTS.get(name, name): values if name in _LISTS else values[-1]
        for name, values in parse_qs(query.decode("latin-1"), keep_blank_values=True).items()
    }
