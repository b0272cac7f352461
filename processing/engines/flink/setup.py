"""How every job of ours sets Flink up."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

from pyflink.common import Configuration
from pyflink.datastream import StreamExecutionEnvironment


def environment(
    checkpoints: str | None,
    interval_ms: int = 60_000,
    parallelism: int = 1,
    jar: Path | None = None,
    **more: str,
) -> Any:
    """A stream environment.

    Args:
        checkpoints: URI of the folder for checkpoints, for a cluster inside this process; None leaves
            checkpoints and state to the configuration of the cluster.
        jar: the Kinesis connector, where a job needs it.
        more: further settings, with ``_`` for ``.`` and ``__`` for ``-``.
    """
    settings = {
        # Thread mode runs Python inside the JVM of the task manager, without a process in between.
        "python.execution-mode": os.environ.get("FRAUDLINE_FLINK_MODE", "thread"),
        # An element is a bundle of ours already.
        "python.fn-execution.bundle.time": "20",
        "python.fn-execution.bundle.size": "200",
        "pipeline.object-reuse": "true",
    }
    if checkpoints is not None:  # elsewhere the cluster has its own word on these
        settings |= {
            "rest.port": "0",
            "rest.bind-port": "0",
            "state.backend.type": "rocksdb",
            "execution.checkpointing.interval": f"{interval_ms} ms",
            "execution.checkpointing.mode": "EXACTLY_ONCE",
            "execution.checkpointing.dir": checkpoints,
            "execution.checkpointing.externalized-checkpoint-retention": "RETAIN_ON_CANCELLATION",
            "execution.checkpointing.incremental": "true",
        }
    if jar is not None:
        settings["pipeline.jars"] = jar.as_uri()
    settings |= {name.replace("__", "-").replace("_", "."): text for name, text in more.items()}
    configuration = Configuration()
    for name, text in settings.items():
        configuration.set_string(name, text)
    env = StreamExecutionEnvironment.get_execution_environment(configuration)
    env.set_parallelism(parallelism)
    return env
