"""A bounded job: the features of a log that is there already, replayed in event order.

Run as a module inside Flink's environment by `processing.engines.flink.run`. The source numbers
chunks of the log; each operator reads and writes arrays on disk, so that only the work of the
stream job goes through Flink: states, keys, bundles and checkpoints.
"""

from __future__ import annotations

import json
import os
import sys
from contextlib import suppress
from pathlib import Path

from pyflink.common import Types, WatermarkStrategy
from pyflink.datastream.connectors.number_seq import NumberSequenceSource

from processing.engines.flink.bundles import first_byte
from processing.engines.flink.log import CHUNK
from processing.engines.flink.replayed import ELEMENT, TO_MERCHANTS, Merchants, Read, Users
from processing.engines.flink.setup import environment


def main(folder: str, rows: int, checkpoints: str, interval_ms: int) -> None:
    """Run the job over the log in `folder`."""
    env = environment(checkpoints, interval_ms, restart__strategy_type="none")
    chunks = NumberSequenceSource(0, (rows - 1) // CHUNK)
    read = env.from_source(chunks, WatermarkStrategy.no_watermarks(), "log", Types.LONG()).process(
        Read(folder), ELEMENT
    )
    read.key_by(first_byte, Types.INT()).process(Users(folder), ELEMENT)
    read.get_side_output(TO_MERCHANTS).key_by(first_byte, Types.INT()).process(Merchants(folder), ELEMENT)
    result = env.execute("fraudline-replay")
    report = {"job_seconds": result.get_net_runtime() / 1000, "cpu_seconds": _cpu_seconds(os.getpid())}
    (Path(folder) / "report.json").write_text(json.dumps(report))


def _cpu_seconds(process: int) -> float:
    """Processor time of the descendants of a process: Flink's JVM, and Python's workers in process mode."""
    total = 0.0
    for listed in Path(f"/proc/{process}/task").glob("*/children"):
        # Threads and processes may end while they are looked at; what a child used is then its parent's.
        with suppress(OSError):
            for child in map(int, listed.read_text().split()):
                # After the name in parentheses fields 14 to 17 of the line: user and system time, and those
                # of the children that ended.
                fields = Path(f"/proc/{child}/stat").read_text().rpartition(")")[2].split()
                total += sum(map(int, fields[11:15])) / os.sysconf("SC_CLK_TCK") + _cpu_seconds(child)
    return total


if __name__ == "__main__":
    main(**json.loads(sys.argv[1]))
