"""The policy and the signals file of a deployment, read as the server will read them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path

from inference import policy, signals
from inference.settings import DEFAULT_POLICY

ROOT = Path(__file__).resolve().parent.parent
"""As `cdk_app.project` has it, which starts the CDK's Node: settings are read where there is none."""
_FOLDER = "inference"
"""What of the project the image carries to its working directory, and these files are in."""


class _AnyToken(Mapping[str, str]):
    """Tokens are the endpoint's; whoever synthesises need not have them."""

    def __getitem__(self, name: str) -> str:
        return name

    def __iter__(self) -> Iterator[str]:
        return iter(())

    def __len__(self) -> int:
        return 0


def file_problems(policy_file: str | None, signals_file: str | None) -> Iterator[str]:
    """Every problem, as a line with the field and the fix."""
    outside = [
        f"{name}: the image carries what {_FOLDER}/ has, and there is no {file}; put it there"
        for name, file in (("policy_file", policy_file), ("signals_file", signals_file))
        if file is not None and not _in_image(file)
    ]
    if outside:
        yield from outside
        return
    asked: signals.SignalsFile | None = None
    if signals_file is not None:
        try:
            asked = signals.load(ROOT / signals_file, _AnyToken())
        except signals.SignalsError as error:
            yield f"signals_file: {error}"
            return
        for adapter in asked.adapter:
            if adapter.token_env is not None:
                yield (
                    f"signals_file: an endpoint is given no secrets, so {adapter.name} cannot send "
                    f"{adapter.token_env}; remove token_env, and let the way to the third party add it"
                )
    try:
        path = DEFAULT_POLICY if policy_file is None else ROOT / policy_file
        policy.load(path, None if asked is None else asked.kinds)
    except policy.PolicyError as error:
        yield f"policy_file: {error}"


def _in_image(file: str) -> bool:
    path = (ROOT / file).resolve()
    return not Path(file).is_absolute() and path.is_relative_to(ROOT / _FOLDER) and path.is_file()
