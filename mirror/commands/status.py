"""``fraudline status``: is the mirror up, and how are its parts?"""

from __future__ import annotations

import json
import sys
from pathlib import Path

import click

from mirror.commands import options
from mirror.running import Mirror


@click.command()
@options.state_dir
@options.as_json
def status(state_dir: Path, as_json: bool) -> None:
    """Show whether the mirror runs and how its services are; exit code 3 when it is not ready.

    \b
    Example:
      fraudline status --json
    """
    mirror = Mirror(state_dir)
    pid = mirror.pid()
    health = mirror.health() if pid is not None else None
    state = "stopped" if pid is None else "not answering" if health is None else health["status"]
    if as_json:
        url = mirror.endpoint_url if pid is not None else None
        document = {"pid": pid, "endpoint_url": url, "state_dir": str(state_dir), **(health or {})}
        click.echo(json.dumps({**document, "status": state}))
    elif pid is None:
        click.echo(f"No mirror runs on {state_dir}: start it with `fraudline up`")
    else:
        click.echo(f"The mirror is {state} at {mirror.endpoint_url} (pid {pid}, log {mirror.log})")
        for area, condition in (health or {}).get("areas", {}).items():
            click.echo(f"  {area:<32} {condition}")
    sys.exit(0 if state == "ready" else 3)
