"""The policy and the signals file of a deployment, read as the server will read them."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path, PurePosixPath

from inference import policy, signals
from inference.settings import DEFAULT_POLICY

ROOT = Path(__file__).resolve().parent.parent
"""As `cdk_app.project` has it, which starts the CDK's Node: settings are read where there is none."""
_FOLDER = "inference"
"""What of the project the image carries to its working directory, and these files are in."""


def file_problems(policy_file: str | None, signals_file: str | None) -> Iterator[str]:
    """Every problem, as a line with the field and the fix."""
    asked: signals.SignalsFile | None = None
    if signals_file is not None:
        if not _in_image(signals_file):
            yield _outside("signals_file", signals_file)
            return
        try:
            asked = signals.load(ROOT / signals_file, {})
        except signals.SignalsError as error:
            for line in str(error).splitlines():
                fix = "; an endpoint is given no secrets: remove it" if "token_env" in line else ""
                yield f"signals_file: {line}{fix}"
            return  # a policy may test what it declares
    if policy_file is not None and not _in_image(policy_file):
        yield _outside("policy_file", policy_file)
        return
    path = DEFAULT_POLICY if policy_file is None else ROOT / policy_file
    try:
        policy.load(path, None if asked is None else asked.kinds)
    except policy.PolicyError as error:
        for line in str(error).splitlines():
            fix = "; set policy_file to one that fits signals_file" if policy_file is None else ""
            yield f"policy_file: {line}{fix}"


def _in_image(file: str) -> bool:
    parts = PurePosixPath(file).parts
    return parts[:1] == (_FOLDER,) and ".." not in parts and (ROOT / file).is_file()


def _outside(name: str, file: str) -> str:
    return f"{name}: expected a file of the project below {_FOLDER}/, which the image carries, not {file!r}"
