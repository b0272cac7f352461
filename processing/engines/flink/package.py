"""The zip of the stream application for Managed Service for Apache Flink.

    python -m processing.engines.flink.package      write build/flink/application.zip

It holds `main.py`, our code, the Kinesis connector, and below ``python3.12/`` the libraries that the
service's own Python lacks, where they were put into ``build/flink/python3.12`` (docs/flink.md).
"""

from __future__ import annotations

import zipfile
from collections.abc import Iterator
from pathlib import Path

from processing.engines.flink.environment import JAR, ROOT
from processing.engines.job import EngineError

ZIP = JAR.parent / "application.zip"
LIBRARIES = JAR.parent / "python3.12"
_MOMENT = (2026, 1, 1, 0, 0, 0)
_CODE = ("feature_groups", "processing")
# Parts of `processing` that the job does not import.
_LEFT_OUT = ("batch", "commands", "generator", "parity", "sources", "engines/embedded", "engines/spark")
_MAIN = '''\
"""Starts the stream job from its zip."""

import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
# Wheels are built for one version of Python: elsewhere the environment brings its own.
LIBRARIES = HERE / f"python{sys.version_info.major}.{sys.version_info.minor}"
CODE = [HERE] + ([LIBRARIES] if LIBRARIES.is_dir() else [])
sys.path[:0] = map(str, CODE)

from processing.engines.flink.main import main  # noqa: E402

if __name__ == "__main__":
    main(*CODE)
'''


def build(out: Path = ZIP) -> Path:
    """Write the zip and return its path; the same files give the same bytes.

    Raises:
        EngineError: the connector has not been built.
    """
    if not JAR.is_file():
        raise EngineError(f"{JAR.relative_to(ROOT)} is missing: run `make flink-connector`")
    out.parent.mkdir(parents=True, exist_ok=True)
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as target:
        for name, content in sorted(_entries()):
            info = zipfile.ZipInfo(name, _MOMENT)
            info.compress_type = zipfile.ZIP_DEFLATED
            info.external_attr = 0o644 << 16
            target.writestr(info, content)
    return out


def _entries() -> Iterator[tuple[str, bytes]]:
    yield "main.py", _MAIN.encode()
    yield f"lib/{JAR.name}", JAR.read_bytes()
    for package in _CODE:
        for path in (ROOT / package).rglob("*"):
            name = path.relative_to(ROOT).as_posix()
            left_out = any(name.startswith(f"processing/{part}") for part in _LEFT_OUT)
            if path.is_file() and path.suffix in (".py", ".avsc", ".json") and not left_out:
                yield name, path.read_bytes()
    if LIBRARIES.is_dir():
        for path in LIBRARIES.rglob("*"):
            if path.is_file() and "__pycache__" not in path.parts:
                yield f"{LIBRARIES.name}/{path.relative_to(LIBRARIES).as_posix()}", path.read_bytes()


if __name__ == "__main__":
    print(build())
