"""Reads a record as the service does: feature names, types, event time and size."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from datetime import UTC, datetime

import msgspec

from mirror.api import ServiceError
from mirror.feature_store.groups import Feature, Group
from mirror.feature_store.messages import FeatureValue
from mirror.feature_store.online import LATEST_US

MAX_BYTES = 350 * 1024
_INTEGRAL = re.compile(r"[+-]?[0-9]{1,19}")
_FRACTIONAL = re.compile(r"[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]+)?")
_ISO = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{3})?Z")
_encode = msgspec.json.Encoder().encode


@dataclass(frozen=True, slots=True)
class CheckedRecord:
    """A record that fits its group. `json` is the list of its non-null values, as served."""

    identifier: str
    event_us: int
    json: bytes


def check_record(group: Group, values: list[FeatureValue]) -> CheckedRecord:
    """Check every value of a record against its group.

    Raises:
        ServiceError: ``ValidationError`` naming the feature and the fix.
    """
    seen: set[str] = set()
    present = []
    identifier = event = None
    features = group.features
    for value in values:
        name, text = value.feature_name, value.value_as_string
        feature = features.get(name)
        if feature is None:
            raise invalid(f"feature {name!r} does not exist in feature group {group.name}; add it first")
        if name in seen:
            raise invalid(f"feature {name!r} is given twice; send each feature once")
        seen.add(name)
        if text is None and value.value_as_string_list is None:
            continue
        if feature.collection is not None or text is None:
            _check_collection(name, feature, value)
        elif feature.type != "String":
            _check_number(name, feature.type, text)
        if name == group.identifier:
            identifier = text
        elif name == group.event_time:
            event = text
        present.append(value)
    if not identifier:
        raise invalid(f"the record has no value for its identifier {group.identifier!r}")
    if event is None:
        raise invalid(f"the record has no value for its event time {group.event_time!r}")
    encoded = _encode(present)
    if len(encoded) > MAX_BYTES:
        _check_size(present)
    return CheckedRecord(identifier, event_time_us(group, event), encoded)


def event_time_us(group: Group, text: str) -> int:
    """An event time as microseconds since 1970.

    Raises:
        ServiceError: ``ValidationError`` when it is neither ISO-8601 in UTC (String features) nor
            fractional seconds (Fractional features).
    """
    try:
        if group.features[group.event_time].type == "String":
            if not _ISO.fullmatch(text):
                raise ValueError
            return round(datetime.fromisoformat(text).timestamp() * 1e6)
        if not _FRACTIONAL.fullmatch(text):
            raise ValueError
        moment = round(float(text) * 1e6)
        if not 0 <= moment <= LATEST_US:  # else the offline store could not name its partition
            raise ValueError
        return moment
    except (ValueError, OverflowError):
        raise invalid(
            f"{group.event_time}: event time {text!r} must be ISO-8601 like 2026-03-01T12:34:56Z or "
            "2026-03-01T12:34:56.789Z for a String feature, or seconds since 1970 (until the year 9999) for "
            "a Fractional one"
        ) from None


def iso(moment_us: int) -> str:
    """Microseconds since 1970 as ISO-8601 with milliseconds, the form of ``ExpiresAt``."""
    moment = datetime.fromtimestamp(moment_us / 1e6, UTC)
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def invalid(message: str) -> ServiceError:
    return ServiceError("ValidationError", message)


def _check_number(name: str, kind: str, text: str) -> None:
    if kind == "Integral":
        if _INTEGRAL.fullmatch(text) and -(2**63) <= int(text) < 2**63:
            return
        raise invalid(f"{name}: {text!r} is not a 64-bit integer; an Integral feature takes digits only")
    if not _FRACTIONAL.fullmatch(text) or math.isinf(float(text)):
        raise invalid(
            f"{name}: {text!r} is not a finite decimal number; leave the feature out when it has no value"
        )


def _check_collection(name: str, feature: Feature, value: FeatureValue) -> None:
    items = value.value_as_string_list
    if feature.collection is None:
        raise invalid(f"{name}: is not a collection; send ValueAsString")
    if items is None or value.value_as_string is not None:
        raise invalid(f"{name}: is a {feature.collection}; send ValueAsStringList only")
    if feature.dimension is not None and len(items) != feature.dimension:
        raise invalid(f"{name}: a vector of {feature.dimension} elements, found {len(items)}")
    if feature.type != "String":
        for item in items:
            _check_number(name, feature.type, item)


def _check_size(values: list[FeatureValue]) -> None:
    size = sum(
        len(value.feature_name.encode())
        + len((value.value_as_string or "").encode())
        + sum(len(item.encode()) for item in value.value_as_string_list or ())
        for value in values
    )
    if size > MAX_BYTES:
        raise invalid(f"the record has {size} bytes; at most {MAX_BYTES} (350 KB) fit")
