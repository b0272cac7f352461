"""CPU seconds of a local Spark job: the driver, its Java and the Python workers that Java starts."""

from __future__ import annotations

import ctypes
import os
import resource
import sys

from pyspark import SparkContext
from pyspark.sql import SparkSession

_SET_CHILD_SUBREAPER = 36  # prctl(2)


def adopt_orphans() -> bool:
    """Become the parent of workers whose own parent ends, so that their time is accounted here.

    Returns:
        Whether the system can: only Linux has it.
    """
    if not sys.platform.startswith("linux"):
        return False
    return bool(ctypes.CDLL(None).prctl(_SET_CHILD_SUBREAPER, 1, 0, 0, 0) == 0)


def stop(session: SparkSession) -> None:
    """End the session and its Java, and wait for everything they started."""
    gateway = SparkContext._gateway
    session.stop()
    if gateway is None or not hasattr(gateway, "proc"):
        return  # Java was there before us: the submitter's
    gateway.shutdown()
    gateway.proc.stdin.close()  # the sign for it to end
    gateway.proc.wait()
    while True:
        try:
            os.wait()
        except ChildProcessError:
            return


def cpu_seconds() -> float:
    """CPU seconds of this process and of all that it has waited for."""
    used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(usage.ru_utime + usage.ru_stime for usage in used)
