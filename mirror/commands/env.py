"""``fraudline env``: point any AWS tool of this shell at the mirror."""

from __future__ import annotations

import json
import shlex
from pathlib import Path

import click

from mirror.cloud import DEFAULT_REGION
from mirror.commands import options
from mirror.running import Mirror
from mirror.toolchain import Toolchain, ToolchainError


@click.command()
@click.option("--region", default=DEFAULT_REGION, show_default=True, help="Region of the tools.")
@click.option("--unset", is_flag=True, help="Print what takes the variables back, PATH excepted.")
@options.state_dir
@options.as_json
def env(region: str, unset: bool, state_dir: Path, as_json: bool) -> None:
    """Print shell commands that make `aws`, `cdk` and every SDK use the mirror.

    The credentials are placeholders: nothing leaves this machine.

    \b
    Example:
      eval "$(fraudline env)" && aws sagemaker list-endpoints
    """
    toolchain = Toolchain(Mirror(state_dir).endpoint_url, region, state_dir)
    try:
        variables = toolchain.environ()
    except ToolchainError as error:
        raise click.ClickException(str(error)) from error
    if as_json:
        click.echo(json.dumps(variables, indent=2))
        return
    for name, value in variables.items():
        if unset and name != "PATH":
            click.echo(f"unset {name}")
        elif not unset:
            # A variable that is set but empty would be read as a profile or a token.
            click.echo(f"export {name}={shlex.quote(value)}" if value else f"unset {name}")
