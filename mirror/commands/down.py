"""``fraudline down``: stop the mirror."""

from __future__ import annotations

import json
from pathlib import Path

import click

from mirror.commands import options
from mirror.running import Mirror, MirrorError


@click.command()
@options.state_dir
@options.as_json
def down(state_dir: Path, as_json: bool) -> None:
    """Stop the laptop's cloud and everything it started; its state stays.

    \b
    Example:
      fraudline down
    """
    try:
        pid = Mirror(state_dir).stop()
    except MirrorError as error:
        raise click.ClickException(str(error)) from error
    if as_json:
        click.echo(json.dumps({"stopped": pid is not None, "pid": pid}))
    elif pid is None:
        click.echo(f"No mirror runs on {state_dir}")
    else:
        click.echo(f"Stopped the mirror (pid {pid}); its state stays in {state_dir}")
