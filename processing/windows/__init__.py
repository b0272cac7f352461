"""The window kernel: exact sliding-window aggregates over packed per-entity histories.

Semantics, the same in every engine (see docs/feature-semantics.md):

* a window of length w at time t is ``[t - w, t)``: strictly before t, so that transactions with
  equal timestamps never see each other and their order does not matter;
* money is an integer number of hundredths until the last step, which divides by 100.0;
* a value that cannot be known is NaN, a value that is known to be nothing is 0.

Imports nothing but the standard library and numpy, so that every engine can carry it.
"""

from __future__ import annotations

from processing.windows.horizon import LATENESS_MS, RETENTION_MS, WINDOW_MS
from processing.windows.identity import identity
from processing.windows.merchant import MerchantState
from processing.windows.packing import StateError
from processing.windows.user import APPROVED, DECLINED, UNKNOWN, UserState

__all__ = [
    "APPROVED",
    "DECLINED",
    "LATENESS_MS",
    "RETENTION_MS",
    "UNKNOWN",
    "WINDOW_MS",
    "MerchantState",
    "StateError",
    "UserState",
    "identity",
]
