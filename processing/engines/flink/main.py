"""Entry of the stream application, here and on Managed Service for Apache Flink."""

from __future__ import annotations

import os
from pathlib import Path

from processing.engines.flink.settings import FlinkSettings
from processing.engines.flink.setup import environment
from processing.engines.flink.stream import build


def main(*code: Path) -> None:
    """Submit the job.

    Args:
        code: folders that the task managers import from, besides their own packages.
    """
    settings = FlinkSettings.load()
    jar = os.environ.get("FRAUDLINE_FLINK_JAR")  # the managed service adds the connector itself
    env = environment(
        settings.checkpoints, settings.checkpoint_ms, settings.parallelism or 1, Path(jar) if jar else None
    )
    for folder in code:
        env.add_python_file(str(folder))
    build(env, settings)
    env.execute("fraudline-stream")


if __name__ == "__main__":
    main()
