"""Builds the Kinesis connector: Maven compiles it and fetches the AWS SDK, we check and merge the jars.

python -m processing.engines.flink.connector.build          build build/flink/fraudline-flink-kinesis.jar
python -m processing.engines.flink.connector.build --lock   accept the libraries that Maven fetched
"""

from __future__ import annotations

import hashlib
import shutil
import subprocess
import sys
import tempfile
import zipfile
from pathlib import Path

from processing.engines.flink.environment import JAR

HERE = Path(__file__).resolve().parent
LOCK = HERE / "libraries.sha256"
_MOMENT = (2026, 1, 1, 0, 0, 0)
# Signatures and module names of the single jars are wrong for the merged one.
_LEFT_OUT = ("META-INF/MANIFEST.MF", "META-INF/INDEX.LIST", "module-info.class")
_SIGNATURES = (".SF", ".RSA", ".DSA")


def build(out: Path = JAR, *, lock: bool = False) -> Path:
    """Build the jar and return its path.

    Args:
        lock: write the fetched libraries' checksums instead of comparing them.

    Raises:
        SystemExit: Maven or a Java compiler is missing, the build fails, or a library is not the one
            that was locked.
    """
    for tool, package in (("mvn", "maven"), ("javac", "openjdk-17-jdk-headless")):
        if shutil.which(tool) is None:
            raise SystemExit(
                f"{tool} is missing: install it (Debian: apt install {package}), then build again"
            )
    with tempfile.TemporaryDirectory(prefix="fraudline-connector-") as name:
        # Maven writes next to its pom: a copy keeps the sources clean.
        project = Path(name)
        shutil.copy(HERE / "pom.xml", project)
        shutil.copytree(HERE / "src", project / "src")
        done = subprocess.run(
            ["mvn", "--batch-mode", "--quiet", "package"],
            cwd=project,
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode:
            raise SystemExit(f"the connector was not built:\n{(done.stdout + done.stderr)[-4000:]}")
        libraries = sorted((project / "target" / "libraries").glob("*.jar"))
        if lock:
            LOCK.write_text(_checksums(libraries))
        elif _checksums(libraries) != LOCK.read_text():
            raise SystemExit(f"Maven fetched other libraries than {LOCK.name} lists: see `build.py --lock`")
        out.parent.mkdir(parents=True, exist_ok=True)
        merge([project / "target" / "fraudline-flink-kinesis.jar", *libraries], out)
    return out


def merge(jars: list[Path], out: Path) -> None:
    """All jars as one, the same bytes for the same jars; lists of services are joined."""
    entries: dict[str, bytes] = {}
    for jar in jars:
        with zipfile.ZipFile(jar) as source:
            for name in source.namelist():
                if name.endswith("/") or name in _LEFT_OUT or name.endswith(_SIGNATURES):
                    continue
                if name.startswith("META-INF/services/") and name in entries:
                    entries[name] += b"\n" + source.read(name)
                else:
                    entries.setdefault(name, source.read(name))
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as target:
        target.writestr(zipfile.ZipInfo("META-INF/MANIFEST.MF", _MOMENT), "Manifest-Version: 1.0\r\n\r\n")
        for name in sorted(entries):
            info = zipfile.ZipInfo(name, _MOMENT)
            info.compress_type = zipfile.ZIP_DEFLATED
            target.writestr(info, entries[name])


def _checksums(libraries: list[Path]) -> str:
    return "".join(f"{hashlib.sha256(path.read_bytes()).hexdigest()}  {path.name}\n" for path in libraries)


if __name__ == "__main__":
    print(build(lock="--lock" in sys.argv[1:]))
