"""The container of a job: what to run, with which environment, and what it sees as ``/opt/ml``."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from mirror.cloud import Cloud
from mirror.docker.images import Image
from mirror.jobs import sandbox

OPT_ML = "/opt/ml"
_LAUNCHER = (sys.executable, "-I", "-S", str(Path(sandbox.__file__).resolve()))
_OPT_ML_PATH = re.compile(r"/opt/ml(?=/|$|[:;,\s'\"])")
# Inherited besides the declared environment: what a process needs to run at all.
_INHERITED = ("HOME", "LANG", "LC_ALL", "TMPDIR", "TZ", "LD_LIBRARY_PATH")


@dataclass(frozen=True, slots=True)
class Command:
    """A command line with paths as the container sees them (``/opt/ml/...``).

    Args:
        argv: program and arguments.
        environ: variables of the job itself; the mirror's own are added by `Container`.
        workdir: working directory, inside or outside ``/opt/ml``.
    """

    argv: Sequence[str]
    environ: Mapping[str, str]
    workdir: str = OPT_ML


@dataclass(frozen=True, slots=True)
class Container:
    """A command made runnable: ``argv`` and ``env`` for `mirror.processes.Processes.start`."""

    argv: list[str]
    env: dict[str, str]
    cwd: Path

    @classmethod
    def build(cls, cloud: Cloud, region: str, image: Image, command: Command, ml: Path) -> Container:
        """Bind the folder `ml` to ``/opt/ml`` where the system allows it, else rewrite the paths.

        Rewritten paths keep every program working that takes its paths from its arguments or its
        environment; ``FRAUDLINE_OPT_ML`` tells the others where their ``/opt/ml`` is.
        """
        env = _environ(cloud, region, image, command)
        if private_mounts():
            argv = [*_LAUNCHER, str(ml), command.workdir, *command.argv]
            return cls(argv, env, ml)
        located = {name: _relocate(value, ml) for name, value in env.items()}
        located["FRAUDLINE_OPT_ML"] = str(ml)
        return cls(
            [_relocate(word, ml) for word in command.argv], located, Path(_relocate(command.workdir, ml))
        )


@cache
def private_mounts() -> bool:
    """Whether this system lets a job have an ``/opt/ml`` of its own.

    ``FRAUDLINE_PRIVATE_MOUNTS=0`` in the environment of the mirror turns it off.
    """
    if os.environ.get("FRAUDLINE_PRIVATE_MOUNTS") == "0" or sys.platform != "linux":
        return False
    with tempfile.TemporaryDirectory() as folder:
        ml = Path(folder, "ml")
        ml.mkdir()
        probe = subprocess.run([*_LAUNCHER, str(ml), "/", "true"], capture_output=True, check=False)
    return probe.returncode == 0


def _environ(cloud: Cloud, region: str, image: Image, command: Command) -> dict[str, str]:
    inherited = {name: os.environ[name] for name in _INHERITED if name in os.environ}
    env = inherited | cloud.environ(region) | dict(image.env) | dict(command.environ)
    binaries = str(Path(sys.executable).parent)
    env["PATH"] = f"{binaries}:{os.environ.get('PATH', os.defpath)}"
    env.setdefault("PYTHONUNBUFFERED", "1")
    if image.root is not None:
        env["PYTHONPATH"] = ":".join(filter(None, [env.get("PYTHONPATH"), str(image.root)]))
    return env


def _relocate(text: str, ml: Path) -> str:
    return _OPT_ML_PATH.sub(lambda _: str(ml), text)
