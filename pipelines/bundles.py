"""Packs the steps' code for the containers: the same sources give the same bytes anywhere.

Two archives hold the same files, and a program for ``spark-submit`` beside the first:

    processing-<version>.zip      goes on PYTHONPATH as it is
    training-<version>.tar.gz     script mode extracts it and runs ``train.py``
    compute-<version>.py          runs ComputeFeatures of the zip

The version is a hash of the packed paths and contents, so the archives' names change exactly
when the code does, and with them the keys in S3 that step caching compares.
"""

from __future__ import annotations

import gzip
import hashlib
import io
import tarfile
import zipfile
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
# What the steps import, and no more: a change elsewhere must not retrain a model.
SOURCES = (
    "feature_groups",
    "processing",
    "pipelines/__init__.py",
    "pipelines/evaluation",
    "pipelines/quality",
    "pipelines/report",
    "pipelines/steps",
)
EXCLUDED = (
    "processing/commands",
    "processing/dead_letters",
    "processing/engines/flink",
    "processing/generator",
    "processing/parity/replay.py",
    "processing/stream",
)
TRAINING_PROGRAM = "train.py"

_PROGRAM = b"""from pipelines.steps.container import run
from pipelines.steps.train import main

raise SystemExit(run(main))
"""
_SPARK_PROGRAM = b"""from pipelines.steps.compute import main
from pipelines.steps.container import run

raise SystemExit(run(main))
"""
_DATE = (1980, 1, 1, 0, 0, 0)  # the first moment that zip can tell
_MODE = 0o644


@dataclass(frozen=True, slots=True)
class CodeBundles:
    """Where the archives and the program of Spark are, and the version of the code in them."""

    processing: Path
    training: Path
    spark: Path
    version: str


def build_bundles(output: Path, root: Path = ROOT) -> CodeBundles:
    """Write both archives to `output` and return them.

    Args:
        output: directory, made when needed; files already there stay.
        root: the project's sources.

    Raises:
        FileNotFoundError: one of `SOURCES` is not under `root`.
    """
    files = _collect(root)
    version = _version(files)
    output.mkdir(parents=True, exist_ok=True)
    bundles = CodeBundles(
        output / f"processing-{version}.zip",
        output / f"training-{version}.tar.gz",
        output / f"compute-{version}.py",
        version,
    )
    bundles.processing.write_bytes(_zip(files))
    bundles.training.write_bytes(_tar({**files, TRAINING_PROGRAM: _PROGRAM}))
    bundles.spark.write_bytes(_SPARK_PROGRAM)
    return bundles


def _collect(root: Path) -> dict[str, bytes]:
    """Content of every packed file by its path, in path order."""
    found: dict[str, bytes] = {}
    for source in SOURCES:
        path = root / source
        if not path.exists():
            raise FileNotFoundError(f"{path}: needed in the code bundle")
        for file in [path] if path.is_file() else path.rglob("*"):
            name = file.relative_to(root).as_posix()
            if file.is_file() and _is_code(name):
                found[name] = file.read_bytes()
    return dict(sorted(found.items()))


def _is_code(name: str) -> bool:
    parts = name.split("/")
    hidden = any(part.startswith(".") or part == "__pycache__" for part in parts)
    excluded = any(name == prefix or name.startswith(prefix + "/") for prefix in EXCLUDED)
    return not (hidden or excluded or name.endswith((".pyc", ".md")))


def _version(files: dict[str, bytes]) -> str:
    digest = hashlib.sha256(_PROGRAM + _SPARK_PROGRAM)
    for name, content in files.items():
        digest.update(f"{name}\0{len(content)}\0".encode())
        digest.update(content)
    return digest.hexdigest()[:16]


def _zip(files: dict[str, bytes]) -> bytes:
    # Stored, not deflated: compressors of different versions give different bytes.
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_STORED) as archive:
        for name, content in sorted(files.items()):
            entry = zipfile.ZipInfo(name, _DATE)
            entry.create_system = 3  # Unix, also when packed on Windows
            entry.external_attr = (0o100000 | _MODE) << 16
            archive.writestr(entry, content)
    return buffer.getvalue()


def _tar(files: dict[str, bytes]) -> bytes:
    buffer = io.BytesIO()
    with (
        gzip.GzipFile(filename="", mode="wb", compresslevel=0, fileobj=buffer, mtime=0) as compressed,
        tarfile.open(fileobj=compressed, mode="w", format=tarfile.USTAR_FORMAT) as archive,
    ):
        for name, content in sorted(files.items()):
            entry = tarfile.TarInfo(name)
            entry.size = len(content)
            entry.mode = _MODE
            archive.addfile(entry, io.BytesIO(content))
    return buffer.getvalue()
