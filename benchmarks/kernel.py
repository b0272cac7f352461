"""Request time: from two packed states to the model's features, and one more event into a state.

A typical user has 71 transactions in 30 days and a merchant 150; beyond the cap of exact events a
state carries tiles and sketches too. The same source without numba is the baseline.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable
from functools import partial
from statistics import median

from benchmarks.results import record
from feature_groups import FEATURE_NAMES
from processing.events import Profile, Transaction
from processing.features import MerchantState, UserState, vector
from processing.windows import country_code, identity, merchant_update, user_update

NOW = 1_772_368_496_789
HOUR = 3_600_000
BASELINE = "plain Python"


def user_state(events: int, step_ms: int) -> bytes:
    """A user with a few devices and countries and many merchants, up to now."""
    state = None
    for n in range(events):
        t_ms = NOW - (events - n) * step_ms
        device, country = identity(f"d{n // 30}"), country_code(("FR", "FR", "GB")[n % 3])
        state = user_update(state, t_ms, 100 + n, identity(f"m{n * n % 997}"), device, country, 1 + n % 2)
    return state or b""


def merchant_state(events: int, step_ms: int) -> bytes:
    """A merchant whose customers come back, up to now."""
    state = None
    for n in range(events):
        state = merchant_update(state, NOW - (events - n) * step_ms, identity(f"u{n * n % 1999}"))
    return state or b""


def subjects() -> dict[str, Callable[[], object]]:
    """What is measured, by name."""
    user, merchant = user_state(71, 10 * HOUR), merchant_state(150, 4 * HOUR)
    hot_user, hot_merchant = user_state(3_000, HOUR // 5), merchant_state(5_000, HOUR // 8)
    transaction = Transaction("t", "u", "m", 1250, "EUR", NOW, 51.5, -0.13, "GB", "d1", "pos", "approved")
    home = Profile(48.85, 2.35, "FR")

    def request(user: bytes, merchant: bytes) -> object:
        return vector(transaction, home, UserState.decode(user), MerchantState.decode(merchant))

    paid = partial(user_update, t_ms=NOW, amount=1250, merchant=7, device=8, country=9, status=1)
    return {
        f"decode two states, {len(FEATURE_NAMES)} features": partial(request, user, merchant),
        "update and encode a user": partial(paid, user),
        "update and encode a merchant": partial(merchant_update, merchant, NOW, 7),
        f"decode two states beyond the cap, {len(FEATURE_NAMES)} features": partial(
            request, hot_user, hot_merchant
        ),
        "update and encode a user beyond the cap": partial(paid, hot_user),
        "update and encode a merchant beyond the cap": partial(merchant_update, hot_merchant, NOW, 7),
    }


def measure(seconds: float) -> dict[str, float]:
    """Median microseconds of each subject, over many calls."""
    medians = {}
    for name, call in subjects().items():
        call()
        taken: list[int] = []
        until = time.perf_counter() + seconds
        while time.perf_counter() < until or len(taken) < 20:
            start = time.perf_counter_ns()
            call()
            taken.append(time.perf_counter_ns() - start)
        medians[name] = median(taken) / 1000
    return medians


def plain() -> dict[str, float]:
    """The same without numba, in a process of its own."""
    done = subprocess.run(
        [sys.executable, "-m", "benchmarks.kernel", "--plain"],
        env=os.environ | {"FRAUDLINE_KERNEL": "python"},
        check=True,
        capture_output=True,
        text=True,
    )
    medians: dict[str, float] = json.loads(done.stdout)
    return medians


def main() -> None:
    """Record the medians and how many times faster they are than plain Python."""
    compiled, baseline = measure(2.0), plain()
    for name, microseconds in compiled.items():
        record(f"kernel: {name}, p50", microseconds, "us", BASELINE, baseline[name] / microseconds)


if __name__ == "__main__":
    if "--plain" in sys.argv:
        print(json.dumps(measure(1.0)))
    else:
        main()
