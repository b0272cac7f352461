"""How the Python interpreter of the consumer process is set."""

from __future__ import annotations

import gc
import sys


def settle() -> None:
    """Set the interpreter for a process that does nothing but consume; call it once, when all is imported."""
    # The loop computes while the other threads wait for answers. Each time it asks the store something it
    # lets the others run, and at the default of 5 ms it would wait that long to be let in again.
    sys.setswitchinterval(0.0005)
    # A micro-batch makes some hundred thousand objects and drops them, none of them in a cycle: at the
    # default of 700 the search for cycles takes a fifth of the time. What is imported stays for good.
    gc.freeze()
    gc.set_threshold(200_000, 10, 10)
