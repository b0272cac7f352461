"""The window features by brute force: filter the whole history anew for each question."""

from math import floor, log, nan

from processing.windows import identity
from tests.processing.windows.logs import Row, country_hash

MINUTE, HOUR, DAY, MEMORY = 60_000, 3_600_000, 86_400_000, 90 * 86_400_000
WINDOWS = ((HOUR, MINUTE), (DAY, 15 * MINUTE), (7 * DAY, 2 * HOUR), (30 * DAY, 6 * HOUR))  # length, tile


def user(history: list[Row], t: int, cap: int = 1024) -> list[float]:
    out: list[float] = []
    for seen, tiled in (counting(history, t, *window, cap) for window in WINDOWS):
        total, most = sum(e.amount for e in seen) / 100.0, max((e.amount for e in seen), default=nan) / 100.0
        out += [len(seen), total, total / len(seen) if seen else nan, most]
        out += [distinct([identity(e.merchant) for e in seen], tiled)]
        countries = [country_hash(e.country) for e in seen if e.country]
        out += [distinct(countries, tiled) if countries or not seen else nan]
        declined, changes = sum(e.status == "declined" for e in seen), sum(changed(history, e) for e in seen)
        out += [declined if any(e.status for e in seen) or not seen else nan]
        out += [changes if any(e.device for e in seen) or not seen else nan]
    return out


def merchant(history: list[Row], frauds: list[int], t: int, cap: int = 1024) -> list[float]:
    counted = [counting(history, t, *window, cap) for window in WINDOWS]
    customers = [distinct([identity(e.user) for e in seen], tiled) for seen, tiled in counted]
    known = [sum(t - length <= f < t for f in frauds) for length, _ in WINDOWS]
    rates = [known[w] / len(counted[w][0]) if counted[w][0] else nan for w in (2, 3)]
    age = max(((t - f) / DAY for f in frauds if f < t), default=nan)
    return [*(len(seen) for seen, _ in counted), *customers, *rates, age]


def counting(history: list[Row], t: int, length: int, tile: int, cap: int) -> tuple[list[Row], bool]:
    exact = min(sorted(e.t for e in history if e.t < t)[-cap:], default=t)
    seen = [e for e in history if e.t < t and (e.t if e.t >= exact else e.t // tile * tile) >= t - length]
    return seen, any(e.t < exact for e in seen)


def changed(history: list[Row], event: Row) -> bool:
    known = [e for e in history if event.device and e.device and 0 < event.t - e.t <= MEMORY]
    return bool(known) and max(known, key=lambda e: (e.t, identity(e.device or ""))).device != event.device


def distinct(hashes: list[int], tiled: bool) -> int:
    ranks = [0] * 256
    for h in hashes:
        rest = h >> 8 & 2**56 - 1  # its lowest set bit, counted from 1, is the rank
        ranks[h & 255] = max(ranks[h & 255], min(40, (rest & -rest).bit_length() or 40))
    value = 0.7213 / (1 + 1.079 / 256) * 256**2 / sum(2.0**-rank for rank in ranks)
    value = 256 * log(256 / ranks.count(0)) if value <= 640 and 0 in ranks else value
    return floor(value + 0.5) if tiled else len(set(hashes))
