"""Distances on the globe."""

from __future__ import annotations

from math import asin, cos, radians, sin, sqrt

_EARTH_DIAMETER_KM = 2 * 6371.0088


def distance_km(lat_a: float, lon_a: float, lat_b: float, lon_b: float) -> float:
    """Great-circle distance in kilometres between two points in degrees (haversine)."""
    lat_a, lat_b = radians(lat_a), radians(lat_b)
    across, along = sin((lat_b - lat_a) / 2), sin(radians(lon_b - lon_a) / 2)
    # Products, not powers: compiled and interpreted, a power's last bit differs.
    return _EARTH_DIAMETER_KM * asin(
        min(1.0, sqrt(across * across + cos(lat_a) * cos(lat_b) * (along * along)))
    )
