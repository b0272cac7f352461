"""Dockerfiles: what an image contains and runs."""

from __future__ import annotations

from pathlib import Path

import pytest

from mirror.docker.build import build
from mirror.docker.dockerfile import DockerfileError, parse
from mirror.docker.store import StoredImage

TWO_STAGES = """
# syntax=docker/dockerfile:1
ARG VERSION=1
FROM python:${VERSION} AS builder
WORKDIR /build
COPY src out
RUN make

FROM python:${VERSION}-slim
ARG LEVEL=info
ENV PATH_TO=/x \\
    LEVEL="${LEVEL} or more"
ENV OLD form of it
LABEL a=b
WORKDIR /app
WORKDIR inner
COPY --chown=1:1 *.txt ./
COPY --from=builder /build/out/main.py main.py
ENTRYPOINT ["python", "main.py"]
CMD serve now
"""


@pytest.fixture
def context(tmp_path: Path) -> Path:
    (tmp_path / "src").mkdir()
    (tmp_path / "src" / "main.py").write_text("print()")
    (tmp_path / "src" / "secret.py").write_text("")
    for name in ("a.txt", "b.txt"):
        (tmp_path / name).write_text(name)
    return tmp_path


def built(context: Path, text: str, **arguments: str) -> tuple[StoredImage, set[str]]:
    """The image, and the files in it."""
    (context / "Dockerfile").write_text(text)
    root = context / "image"
    image, _ = build(context, context / "Dockerfile", root, arguments, None)
    return image, {path.relative_to(root).as_posix() for path in root.rglob("*") if path.is_file()}


def test_the_last_stage_is_the_image(context: Path) -> None:
    image, files = built(context, TWO_STAGES, LEVEL="debug")
    assert image.entrypoint == ["python", "main.py"]
    assert image.cmd == ["/bin/sh", "-c", "serve now"]
    assert image.env == {"PATH_TO": "/x", "LEVEL": "debug or more", "OLD": "form of it"}
    assert image.workdir == "/app/inner"
    assert files == {"app/inner/a.txt", "app/inner/b.txt", "app/inner/main.py"}


def test_ignored_files_are_not_copied(context: Path) -> None:
    (context / "Dockerfile.dockerignore").write_text("# all but one\n*\n!src\n**/secret.py\n")
    _, files = built(context, "FROM scratch\nCOPY . /all/\n")
    assert files == {"all/src/main.py"}


def test_the_digest_follows_the_content(context: Path) -> None:
    text = "FROM scratch\nCOPY src /s\n"
    first = built(context, text)[0].digest
    assert built(context, text)[0].digest == first
    (context / "src" / "main.py").write_text("changed")
    assert built(context, text)[0].digest != first


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ("COPY a b", "must be FROM"),
        ("", "no FROM"),
        ("FROM x\nCOPY missing /m", "missing: not found"),
        ("FROM x\nCOPY ../etc /m", "not found"),
        ("FROM x\nADD https://example.com/x /x", "network"),
        ("FROM x\nCOPY --from=elsewhere:1 /a /b", "no build stage 'elsewhere:1'"),
        ("FROM x\nONBUILD RUN y", "ONBUILD"),
        ("FROM x\nENTRYPOINT [broken", "not a JSON list"),
    ],
)
def test_what_cannot_be_built_is_named(context: Path, text: str, named: str) -> None:
    with pytest.raises(DockerfileError, match=named):
        built(context, text)


def test_the_project_image() -> None:
    text = (Path(__file__).resolve().parents[3] / "inference" / "Dockerfile").read_text()
    (stage,) = parse(text, {})
    assert stage.entrypoint == ["python", "-m", "inference"]
    assert stage.cmd == ["serve"]
