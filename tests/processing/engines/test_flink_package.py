"""The application's zip: the same bytes for the same files, and it starts."""

from __future__ import annotations

import subprocess
import zipfile
from pathlib import Path

import pytest

from processing.engines.flink import package
from processing.engines.flink.environment import ROOT, environ, python
from processing.engines.job import EngineError


@pytest.fixture
def jar(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    path = tmp_path / "fraudline-flink-kinesis.jar"
    path.write_bytes(b"jar")
    monkeypatch.setattr(package, "JAR", path)
    monkeypatch.setattr(package, "LIBRARIES", tmp_path / "python3.12")
    return path


def test_same_bytes_with_the_libraries_that_are_there(jar: Path, tmp_path: Path) -> None:
    library = tmp_path / "python3.12" / "library.py"
    library.parent.mkdir()
    library.write_text("")
    first = package.build(tmp_path / "first.zip")
    library.touch()
    assert package.build(tmp_path / "second.zip").read_bytes() == first.read_bytes()
    names = zipfile.ZipFile(first).namelist()
    for name in ("main.py", f"lib/{jar.name}", "processing/windows/__init__.py", "python3.12/library.py"):
        assert name in names
    assert not [name for name in names if "__pycache__" in name or name.startswith("processing/batch")]


def test_needs_the_connector(jar: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(package, "JAR", ROOT / "nowhere.jar")
    with pytest.raises(EngineError, match="make flink-connector"):
        package.build(tmp_path / "out.zip")


@pytest.mark.slow
def test_starts(jar: Path, tmp_path: Path) -> None:
    with zipfile.ZipFile(package.build(tmp_path / "application.zip")) as archive:
        archive.extractall(tmp_path / "code")
    variables = environ({"FRAUDLINE_FLINK_PROPERTIES": str(tmp_path / "missing.json")})
    del variables["PYTHONPATH"]
    done = subprocess.run(
        [str(python()), str(tmp_path / "code" / "main.py")],
        env=variables,
        capture_output=True,
        text=True,
        check=False,
        cwd=tmp_path,
    )
    # Every module of the job was imported, from the zip; the next thing it needs is its properties.
    assert "missing.json is missing: name one with FRAUDLINE_FLINK_PROPERTIES" in done.stderr, done.stderr
    assert str(tmp_path / "code" / "processing") in done.stderr
