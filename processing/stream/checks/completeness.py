"""Completeness: how often each optional field is missing. (A missing required one is refused.)

Not anomalous: a customer may well have no terminals with a location. A jump in a rate is what to look for.
"""

from __future__ import annotations

from processing.stream.checks.check import Check, Observation


def _location(seen: Observation) -> bool:
    return seen.transaction.lat is None


def _country(seen: Observation) -> bool:
    return seen.transaction.country is None


def _device(seen: Observation) -> bool:
    return seen.transaction.device is None


def _channel(seen: Observation) -> bool:
    return seen.transaction.channel is None


def _status(seen: Observation) -> bool:
    return seen.transaction.status is None


CHECKS = (
    Check("missing_location", "no location", _location, anomalous=False),
    Check("missing_country", "no country", _country, anomalous=False),
    Check("missing_device", "no device", _device, anomalous=False),
    Check("missing_channel", "no channel", _channel, anomalous=False),
    Check("missing_status", "no status", _status, anomalous=False),
)
