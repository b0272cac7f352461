"""``smspark-submit`` of SageMaker's Spark container: here Spark in local mode, in the environment of Spark.

This file is a program, too, which that environment runs (it has pyarrow, not boto3):

    python spark.py [--py-files URI,URI] PROGRAM ARGUMENTS...

It fetches the files to a folder of its own, puts them on ``PYTHONPATH`` and becomes PROGRAM.
"""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

COMMAND = "smspark-submit"


def local_command(argv: Sequence[str]) -> list[str]:
    """What runs here for a command line of ``smspark-submit``.

    Raises:
        FileNotFoundError: the environment of Spark is not installed.
    """
    python = Path(sys.prefix) / "engines" / "spark" / "bin" / "python"
    if not python.exists():
        raise FileNotFoundError(f"Spark is not installed ({python} is missing): run `make engines`")
    return [str(python), str(Path(__file__).resolve()), *argv[1:]]


def main(arguments: list[str]) -> None:
    """Become the program; returns only by an exception."""
    parser = argparse.ArgumentParser(prog=COMMAND)
    parser.add_argument("--py-files", default="")
    parser.add_argument("program", nargs=argparse.REMAINDER)
    options = parser.parse_args(arguments)
    folder = tempfile.mkdtemp(dir=Path.cwd())
    fetched = [_fetch(uri, folder) for uri in options.py_files.split(",") if uri]
    os.environ["PYTHONPATH"] = os.pathsep.join(fetched)
    os.environ["PYTHONSAFEPATH"] = "1"
    # Java and what Spark spills are this environment's and this job's.
    os.environ["PATH"] = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    os.environ["SPARK_LOCAL_DIRS"] = folder
    os.execv(sys.executable, [sys.executable, *options.program])  # noqa: S606 - there is no shell to want


def _fetch(uri: str, folder: str) -> str:
    if "://" not in uri:
        return uri
    from pyarrow import fs

    target = str(Path(folder, uri.rpartition("/")[2]))
    fs.copy_files(uri, target)
    return target


if __name__ == "__main__":
    main(sys.argv[1:])
