"""Images on disk: ``<state_dir>/images/<repository>/<tag>/`` with a description and a root."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import tempfile
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path

_DESCRIPTION = "image.json"
_ROOT = "root"


@dataclass(frozen=True, slots=True)
class StoredImage:
    """What a Dockerfile says of an image. `digest` is of the description and the files."""

    entrypoint: list[str]
    cmd: list[str]
    env: dict[str, str]
    workdir: str
    digest: str


class ImageStore:
    """Tags of images; a tag is ``repository:tag``, or a repository with the tag ``latest``."""

    def __init__(self, state_dir: Path) -> None:
        self.home = state_dir / "images"

    def get(self, reference: str) -> tuple[StoredImage, Path] | None:
        """The image under a tag, and the folder that is its root."""
        folder = self._folder(reference)
        if not (folder / _DESCRIPTION).exists():
            return None
        return StoredImage(**json.loads((folder / _DESCRIPTION).read_text())), folder / _ROOT

    def put(self, reference: str, image: StoredImage, root: Path) -> None:
        """Store an image under a tag, replacing what was there; `root` is moved."""
        folder = self._folder(reference)
        folder.parent.mkdir(parents=True, exist_ok=True)
        temporary = Path(tempfile.mkdtemp(dir=folder.parent))
        shutil.move(root, temporary / _ROOT)
        (temporary / _DESCRIPTION).write_text(json.dumps(asdict(image), indent=1))
        shutil.rmtree(folder, ignore_errors=True)
        temporary.replace(folder)

    def tag(self, source: str, target: str) -> bool:
        """Give an image another tag; False when there is no image `source`."""
        found = self.get(source)
        if found is None:
            return False
        image, root = found
        with tempfile.TemporaryDirectory() as temporary:
            copy = Path(temporary) / _ROOT
            shutil.copytree(root, copy, symlinks=True)
            self.put(target, image, copy)
        return True

    def references(self) -> Iterator[str]:
        """Every tag."""
        for path in sorted(self.home.rglob(_DESCRIPTION)):
            folder = path.parent
            yield f"{folder.parent.relative_to(self.home)}:{folder.name}"

    def by_digest(self, repository: str, digest: str) -> tuple[StoredImage, Path] | None:
        """The image of a repository with this digest."""
        for reference in self.references():
            if reference.rpartition(":")[0] == repository:
                found = self.get(reference)
                if found and found[0].digest == digest:
                    return found
        return None

    def _folder(self, reference: str) -> Path:
        name, tag = split(reference)
        return self.home / name / tag


def split(reference: str) -> tuple[str, str]:
    """Repository and tag of ``host:port/repository:tag``; the tag is ``latest`` when left out."""
    name, _, tag = reference.rpartition(":")
    if not name or "/" in tag:
        return reference, "latest"
    return name, tag


def digest(description: dict[str, object], root: Path) -> str:
    """``sha256:...`` of an image: the same content gives the same digest."""
    found = hashlib.sha256(json.dumps(description, sort_keys=True).encode())
    for path in sorted(p for p in root.rglob("*") if p.is_file()):
        found.update(os.fsencode(path.relative_to(root)))
        found.update(b"\0")
        found.update(path.read_bytes())
    return f"sha256:{found.hexdigest()}"
