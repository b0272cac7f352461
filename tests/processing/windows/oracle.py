"""The features by brute force: filter the whole history anew for each question."""

from __future__ import annotations

from math import nan
from typing import Any

HOUR = 3_600_000
WINDOWS = (HOUR, 24 * HOUR, 7 * 24 * HOUR, 30 * 24 * HOUR)


def user(history: list[dict[str, Any]], t: int) -> list[float]:
    out: list[float] = []
    for w in WINDOWS:
        seen = [e for e in history if t - w <= e["t"] < t]
        if not seen:
            out += [0, 0, nan, nan, 0, 0, 0, 0]
            continue
        total = sum(e["amount"] for e in seen) / 100.0
        countries = {e["country"] for e in seen} - {0}
        statuses = [e["status"] for e in seen if e["status"]]
        devices = [e for e in seen if e["device"]]
        out += [len(seen), total, total / len(seen), max(e["amount"] for e in seen) / 100.0]
        out += [len({e["merchant"] for e in seen}), len(countries) or nan]
        out += [statuses.count(2) if statuses else nan]
        out += [sum(changed(history, e) for e in devices) if devices else nan]
    return out


def changed(history: list[dict[str, Any]], event: dict[str, Any]) -> bool:
    before = [(e["t"], e["device"]) for e in history if e["t"] < event["t"] and e["device"]]
    return bool(before) and max(before)[1] != event["device"]


def merchant(history: list[dict[str, Any]], frauds: list[int], t: int) -> list[float]:
    seen = [[e for e in history if t - w <= e["t"] < t] for w in WINDOWS]
    known = [sum(t - w <= f < t for f in frauds) for w in WINDOWS]
    out = [len(s) for s in seen] + [len({e["customer"] for e in s}) for s in seen]
    rates = [known[w] / len(seen[w]) if seen[w] else nan for w in (2, 3)]
    past = [f for f in frauds if f < t]
    return [*map(float, out), *rates, (t - min(past)) / 86_400_000.0 if past else nan]
