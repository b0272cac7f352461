"""A worker that only spools, to be killed: prints the number of each flush once it is kept.

python -m tests.inference.decision_log.writer FOLDER WORKER FIRST PAUSE_S
"""

from __future__ import annotations

import os
import sys
import time
from pathlib import Path

from inference.decision_log import Spool
from tests.inference.decision_log.records import prediction

RECORDS = 7
"""Of one flush."""


def main(folder: str, worker: str, first: str, pause_s: str) -> None:
    spool = Spool(Path(folder), worker, 1 << 30)
    number = int(first)
    while True:
        spool.append([prediction(number + index) for index in range(RECORDS)])
        os.write(1, b"%d\n" % number)
        number += RECORDS
        time.sleep(float(pause_s))


if __name__ == "__main__":
    main(*sys.argv[1:])
