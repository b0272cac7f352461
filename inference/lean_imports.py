"""Makes xgboost start small and single-threaded; it decides both when it is imported."""

from __future__ import annotations

import os
import sys


def prepare() -> None:
    """To be called before anything imports xgboost."""
    # Few rows are scored at a time: more threads only cost hand-over. And processes are forked after the
    # model is loaded, which OpenMP's pool of threads would not survive.
    os.environ.setdefault("OMP_NUM_THREADS", "1")
    # xgboost imports scikit-learn where it can, only to offer estimators that a server never makes,
    # and pandas comes with it: 5 s and 140 MB of every start. None makes that import fail, which
    # xgboost allows for: it is an optional dependency.
    sys.modules["sklearn"] = None  # type: ignore[assignment]  # the import system's own convention
