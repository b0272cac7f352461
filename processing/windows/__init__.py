"""The window kernel: sliding-window aggregates over packed per-entity histories.

Semantics, the same in every engine (see docs/feature-semantics.md):

* a window of length w at time t is ``[t - w, t)``: strictly before t, so that transactions with
  equal timestamps never see each other and their order does not matter;
* money is an integer number of hundredths until the last step, which divides by 100.0;
* a value that cannot be known is NaN, a value that is known to be nothing is 0.

Imports nothing but the standard library, the declarations and, on first use, numpy and numba where
they are installed, so that every engine can carry it.
"""

from __future__ import annotations

from processing.windows.horizon import LATENESS_MS, MEMORY_MS, RETENTION_MS, WINDOW_MS
from processing.windows.identity import country_code, identity
from processing.windows.merchant import (
    MerchantState,
    merchant_frauds,
    merchant_latest_time,
    merchant_learn_fraud,
    merchant_query,
    merchant_times,
    merchant_update,
    merchant_update_many,
)
from processing.windows.packing import StateError
from processing.windows.plan import Plan, plan
from processing.windows.runtime import warm
from processing.windows.user import (
    APPROVED,
    DECLINED,
    UNKNOWN,
    UserState,
    user_last_time,
    user_latest_time,
    user_query,
    user_times,
    user_update,
    user_update_many,
)

__all__ = [
    "APPROVED",
    "DECLINED",
    "LATENESS_MS",
    "MEMORY_MS",
    "RETENTION_MS",
    "UNKNOWN",
    "WINDOW_MS",
    "MerchantState",
    "Plan",
    "StateError",
    "UserState",
    "country_code",
    "identity",
    "merchant_frauds",
    "merchant_latest_time",
    "merchant_learn_fraud",
    "merchant_query",
    "merchant_times",
    "merchant_update",
    "merchant_update_many",
    "plan",
    "user_last_time",
    "user_latest_time",
    "user_query",
    "user_times",
    "user_update",
    "user_update_many",
    "warm",
]
