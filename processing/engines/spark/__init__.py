"""Features by Spark: the kernel over Arrow batches, after Spark has brought each entity's rows together.

`run` starts the job in the environment that `make engines` installs. The job itself is
``python -m processing.engines.spark``, the same on a cluster.
"""

from __future__ import annotations

from processing.engines.spark.launch import run

__all__ = ["run"]
