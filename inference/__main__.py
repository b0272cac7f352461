"""``python -m inference serve``: what SageMaker runs as ``docker run IMAGE serve``."""

from __future__ import annotations

import os
import sys


def main(arguments: list[str]) -> int:
    """Run the one command there is; returns the process's exit code."""
    if arguments != ["serve"]:
        print("usage: python -m inference serve", file=sys.stderr)
        return 2
    _prepare_imports()
    from inference.server.serving import serve

    return serve()


def _prepare_imports() -> None:
    """Make xgboost start small and single-threaded; it decides both when it is imported."""
    # One row is scored at a time: more threads only cost hand-over.
    os.environ.setdefault("OMP_NUM_THREADS", "1")
    # xgboost imports scikit-learn where it can, only to offer estimators that a server never makes,
    # and pandas comes with it: 5 s and 140 MB of every start. None makes that import fail, which
    # xgboost allows for: it is an optional dependency.
    sys.modules["sklearn"] = None  # type: ignore[assignment]  # the import system's own convention


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
