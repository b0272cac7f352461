"""The container's file contract: where a step reads and writes, and how it reports a failure."""

from __future__ import annotations

import os
import sys
import traceback
from collections.abc import Callable
from pathlib import Path

# Folder names shared by the steps and the pipeline definition.
INPUTS = (
    "code", "transactions", "labels", "profiles", "features", "model", "test", "manifest", "quality",
    "champion", "serving",
)  # fmt: skip
OUTPUTS = {
    "features": ("train", "validation", "test", "manifest", "quality"),
    "champion": ("champion",),
    "serving": ("serving",),
    "evaluate": ("evaluation",),
    "parity": ("parity", "predictions"),
}
CHANNELS = ("train", "validation", "manifest")

EXIT_BAD_DATA = 65  # EX_DATAERR of sysexits.h
_MESSAGE_LIMIT = 1024  # characters the service keeps of a failure reason


class StepError(Exception):
    """The data or a parameter does not allow the step; the message says what to change."""


def opt_ml() -> Path:
    """``/opt/ml``, or the folder in FRAUDLINE_OPT_ML where no such path can be made."""
    return Path(os.environ.get("FRAUDLINE_OPT_ML", "/opt/ml"))


def processing_input(name: str) -> Path:
    """Folder of a processing job's input; it may be missing when the input is empty."""
    return opt_ml() / "processing" / "input" / name


def processing_output(name: str) -> Path:
    """Folder of a processing job's output, made when needed."""
    folder = opt_ml() / "processing" / "output" / name
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def channel(name: str) -> Path:
    """Folder of a training job's input channel."""
    return opt_ml() / "input" / "data" / name


def model_folder() -> Path:
    """Folder that becomes model.tar.gz, made when needed."""
    folder = opt_ml() / "model"
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def threads() -> int:
    """Threads to compute with: OMP_NUM_THREADS, else all cores.

    Raises:
        StepError: OMP_NUM_THREADS is not a positive number.
    """
    text = os.environ.get("OMP_NUM_THREADS", "")
    if not text:
        return os.cpu_count() or 1
    if not text.isdecimal() or int(text) < 1:
        raise StepError(f"OMP_NUM_THREADS: {text!r} is not a positive whole number")
    return int(text)


def run(main: Callable[[list[str]], None], arguments: list[str] | None = None) -> int:
    """Run a step's main function and return the exit code.

    A failure is written to stderr and to the files the service reads a failure reason from:
    ``output/message`` (processing) and ``output/failure`` (training).
    """
    try:
        main(sys.argv[1:] if arguments is None else arguments)
    except StepError as error:
        _report(str(error))
        return EXIT_BAD_DATA
    except Exception as error:
        traceback.print_exc()
        _report(f"{type(error).__name__}: {error}")
        return 1
    return 0


def _report(message: str) -> None:
    print(f"fraudline: {message}", file=sys.stderr)
    folder = opt_ml() / "output"
    folder.mkdir(parents=True, exist_ok=True)
    for name in ("message", "failure"):
        (folder / name).write_text(message[:_MESSAGE_LIMIT], encoding="utf-8")
