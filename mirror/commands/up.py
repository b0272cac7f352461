"""``fraudline up``: start the mirror."""

from __future__ import annotations

import json
import os
from pathlib import Path

import click

from mirror.cloud import DEFAULT_PORT, DEFAULT_REGION
from mirror.commands import options
from mirror.running import PORT, Mirror, MirrorError, server_command


@click.command()
@click.option(
    "--port", default=DEFAULT_PORT, show_default=True, help="Port on 127.0.0.1; 0 picks a free one."
)
@click.option("--region", default=DEFAULT_REGION, show_default=True, help="Default region.")
@click.option("--fresh", is_flag=True, help="Delete the state directory first.")
@click.option("--foreground", is_flag=True, help="Serve in this terminal until Ctrl-C.")
@options.state_dir
@options.as_json
def up(port: int, region: str, fresh: bool, foreground: bool, state_dir: Path, as_json: bool) -> None:
    """Start the laptop's cloud and wait until it is ready.

    \b
    Example:
      fraudline up && eval "$(fraudline env)" && aws kinesis list-streams
    """
    mirror = Mirror(state_dir)
    try:
        if fresh:
            mirror.wipe()
        if foreground:
            if port:
                state_dir.mkdir(parents=True, exist_ok=True)
                (state_dir / PORT).write_text(str(port))
            command = server_command(port, state_dir, region)
            os.execv(command[0], command)  # noqa: S606 - our own interpreter
        health = mirror.start(port, region)
    except MirrorError as error:
        raise click.ClickException(str(error)) from error
    if as_json:
        click.echo(json.dumps({**health, "endpoint_url": mirror.endpoint_url, "state_dir": str(state_dir)}))
    else:
        click.echo(f"The mirror is up at {mirror.endpoint_url} (pid {health['pid']}, log {mirror.log})")
        click.echo('Point any AWS tool at it:  eval "$(fraudline env)"')
