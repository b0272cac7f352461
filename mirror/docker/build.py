"""Builds an image as far as that is possible without a container engine: its files and its command."""

from __future__ import annotations

import fnmatch
import shutil
from collections.abc import Mapping
from pathlib import Path

from mirror.docker.dockerfile import Copy, DockerfileError, Stage, parse
from mirror.docker.store import StoredImage, digest


def build(
    context: Path, dockerfile: Path, root: Path, build_args: Mapping[str, str], target: str | None
) -> tuple[StoredImage, list[str]]:
    """Lay out the image's files under `root`; returns its description and the commands not run.

    Only what the Dockerfile copies is there, so that a file it forgets is missing here as well.
    ``RUN`` is not executed: the mirror's Python environment takes the place of what it installs.

    Raises:
        DockerfileError: the Dockerfile or a path it names is not usable.
    """
    stages = parse(dockerfile.read_text(), build_args)
    wanted = stages[-1] if target is None else _named(stages, target)
    patterns = _ignored(context, dockerfile)
    _lay_out(wanted, stages, context, root, patterns)
    workdir = root / wanted.workdir.lstrip("/")
    workdir.mkdir(parents=True, exist_ok=True)
    description: dict[str, object] = {
        "entrypoint": wanted.entrypoint,
        "cmd": wanted.cmd,
        "env": wanted.env,
        "workdir": wanted.workdir,
    }
    image = StoredImage(wanted.entrypoint, wanted.cmd, wanted.env, wanted.workdir, digest(description, root))
    return image, wanted.skipped


def _lay_out(stage: Stage, stages: list[Stage], context: Path, root: Path, patterns: list[str]) -> None:
    root.mkdir(parents=True, exist_ok=True)
    for copy in stage.copies:
        if copy.source is None:
            _copy(copy, context, root, patterns)
            continue
        other = root.with_name(f"{root.name}-{copy.source}")
        if not other.exists():
            _lay_out(_named(stages, copy.source), stages, context, other, patterns)
        _copy(copy, other, root, [])


def _named(stages: list[Stage], name: str) -> Stage:
    for number, stage in enumerate(stages):
        if name in (stage.name, str(number)):
            return stage
    raise DockerfileError(f"there is no build stage {name!r}: images of a registry cannot be copied from")


def _copy(copy: Copy, base: Path, root: Path, patterns: list[str]) -> None:
    target = copy.target if copy.target.startswith("/") else f"{copy.workdir}/{copy.target}"
    destination = root / target.lstrip("/")
    found = [path for name in copy.paths for path in _sources(base, name)]
    into_folder = copy.target.endswith("/") or len(found) > 1 or copy.target == "."
    for path in found:
        files = [path] if path.is_file() else [p for p in sorted(path.rglob("*")) if p.is_file()]
        for file in files:
            if _is_ignored(file.relative_to(base).as_posix(), patterns):
                continue
            if path.is_dir():
                to = destination / file.relative_to(path)
            else:
                to = destination / file.name if into_folder or destination.is_dir() else destination
            to.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(file, to)


def _sources(base: Path, name: str) -> list[Path]:
    cleaned = name.lstrip("/") or "."
    found = sorted(base.glob(cleaned)) if any(c in cleaned for c in "*?[") else [base / cleaned]
    inside = [path for path in found if path.resolve().is_relative_to(base.resolve())]
    if not inside or not all(path.exists() for path in inside):
        raise DockerfileError(f"COPY {name}: not found in the build context")
    return inside


def _ignored(context: Path, dockerfile: Path) -> list[str]:
    for path in (Path(f"{dockerfile}.dockerignore"), context / ".dockerignore"):
        if path.exists():
            lines = (line.strip() for line in path.read_text().splitlines())
            return [line for line in lines if line and not line.startswith("#")]
    return []


def _is_ignored(path: str, patterns: list[str]) -> bool:
    """The last pattern that matches the path, or a folder above it, decides."""
    parts = path.split("/")
    above = ["/".join(parts[:count]) for count in range(1, len(parts) + 1)]
    ignored = False
    for pattern in patterns:
        keep = pattern.startswith("!")
        wanted = pattern.lstrip("!").strip("/")
        forms = (wanted, wanted.removeprefix("**/"))
        if any(fnmatch.fnmatchcase(part, form) for part in above for form in forms):
            ignored = not keep
    return ignored
