"""Reads a Dockerfile into stages of instructions."""

from __future__ import annotations

import json
import re
import shlex
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

_VARIABLE = re.compile(r"\$(?:\{(\w+)(?:(:[-+])([^}]*))?\}|(\w+))")
_WITHOUT_EFFECT = {"EXPOSE", "HEALTHCHECK", "LABEL", "MAINTAINER", "SHELL", "STOPSIGNAL", "USER", "VOLUME"}


class DockerfileError(Exception):
    """The Dockerfile asks for something that cannot be done here; the message names the line."""


@dataclass(slots=True)
class Copy:
    """``COPY`` or ``ADD``: paths in the context, or in the stage `source`, and where they go."""

    paths: list[str]
    target: str
    workdir: str
    source: str | None


@dataclass(slots=True)
class Stage:
    """What one ``FROM`` leads to. `skipped` are commands that only a container engine could run."""

    name: str
    base: str
    entrypoint: list[str] = field(default_factory=list)
    cmd: list[str] = field(default_factory=list)
    env: dict[str, str] = field(default_factory=dict)
    workdir: str = "/"
    copies: list[Copy] = field(default_factory=list)
    skipped: list[str] = field(default_factory=list)


def parse(text: str, build_args: Mapping[str, str]) -> list[Stage]:
    """The stages of a Dockerfile, in order; the last one is the image.

    Raises:
        DockerfileError: an instruction is unknown or needs the network.
    """
    stages: list[Stage] = []
    arguments: dict[str, str] = {}
    for instruction, rest in _instructions(text):
        variables = arguments | (stages[-1].env if stages else {})
        if instruction == "ARG":
            name, _, default = rest.partition("=")
            value = build_args.get(name.strip(), _expand(default.strip().strip("\"'"), variables))
            arguments[name.strip()] = value
        elif instruction == "FROM":
            stages.append(_stage(_expand(rest, variables), stages))
        elif not stages:
            raise DockerfileError(f"{instruction} {rest}: the first instruction must be FROM")
        elif instruction not in _WITHOUT_EFFECT:
            _apply(stages[-1], instruction, rest, variables)
    if not stages:
        raise DockerfileError("the Dockerfile has no FROM")
    return stages


def _stage(rest: str, earlier: list[Stage]) -> Stage:
    words = [word for word in rest.split() if not word.startswith("--")]
    name = words[2] if len(words) == 3 and words[1].upper() == "AS" else str(len(earlier))
    for stage in earlier:
        if stage.name == words[0]:
            copies, skipped = list(stage.copies), list(stage.skipped)
            return Stage(
                name, stage.base, stage.entrypoint, stage.cmd, dict(stage.env), stage.workdir, copies, skipped
            )
    return Stage(name, words[0])


def _apply(stage: Stage, instruction: str, rest: str, variables: Mapping[str, str]) -> None:
    match instruction:
        case "ENV":
            stage.env.update(_environment(rest, variables))
        case "WORKDIR":
            path = _expand(rest, variables)
            stage.workdir = path if path.startswith("/") else f"{stage.workdir.rstrip('/')}/{path}"
        case "COPY" | "ADD":
            stage.copies.append(_copy(_expand(rest, variables), stage.workdir))
        case "ENTRYPOINT":
            stage.entrypoint, stage.cmd = _command(rest), []
        case "CMD":
            stage.cmd = _command(rest)
        case "RUN":
            stage.skipped.append(rest)
        case _:
            raise DockerfileError(f"{instruction} {rest}: this instruction is not supported")


def _environment(rest: str, variables: Mapping[str, str]) -> dict[str, str]:
    first = rest.split(maxsplit=1)[0]
    if "=" not in first:  # the old form: ENV NAME some text
        name, _, value = rest.partition(" ")
        return {name: _expand(value.strip(), variables)}
    pairs = (word.partition("=") for word in shlex.split(rest))
    return {name: _expand(value, variables) for name, _, value in pairs}


def _copy(rest: str, workdir: str) -> Copy:
    source = None
    words = _command(rest) if rest.startswith("[") else shlex.split(rest)
    while words and words[0].startswith("--"):
        option, _, value = words.pop(0).partition("=")
        if option == "--from":
            source = value
    if len(words) < 2:
        raise DockerfileError(f"COPY {rest}: expected sources and a destination")
    if any("://" in word for word in words):
        raise DockerfileError(f"ADD {rest}: files from the network are not supported")
    return Copy(words[:-1], words[-1], workdir, source)


def _command(rest: str) -> list[str]:
    if rest.startswith("["):
        try:
            return [str(word) for word in json.loads(rest)]
        except ValueError as error:
            raise DockerfileError(f"{rest}: not a JSON list: {error}") from error
    return ["/bin/sh", "-c", rest]


def _expand(text: str, variables: Mapping[str, str]) -> str:
    def value(match: re.Match[str]) -> str:
        name = match.group(1) or match.group(4)
        found = variables.get(name, "")
        if match.group(2) == ":-":
            return found or match.group(3)
        if match.group(2) == ":+":
            return match.group(3) if found else ""
        return found

    return _VARIABLE.sub(value, text)


def _instructions(text: str) -> Iterator[tuple[str, str]]:
    joined = ""
    for line in text.splitlines():
        if line.lstrip().startswith("#") or (not line.strip() and not joined):
            continue
        joined += line.strip()
        if joined.endswith("\\"):
            joined = f"{joined[:-1].rstrip()} "
            continue
        name, _, rest = joined.partition(" ")
        yield name.upper(), rest.strip()
        joined = ""
