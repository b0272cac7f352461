"""``fraudline policy``: check a policy file, show it, and see what its routing is worth."""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path

import click

from inference import policy as policies
from inference import signals
from inference.commands.policy_route import route
from inference.policy import describe
from inference.settings import DEFAULT_POLICY

_FILE = click.Path(path_type=Path, exists=True, dir_okay=False)
_json = click.option("--json", "as_json", is_flag=True, help="Print the result as JSON.")
_signals = click.option("--signals", "signals_file", type=_FILE, help="Signals file that its rules may use.")


@click.group()
def policy() -> None:
    """Check and show the policy, and what its routing is worth."""


@policy.command()
@click.argument("file", type=_FILE)
@_signals
@_json
def check(file: Path, signals_file: Path | None, as_json: bool) -> None:
    """Check a policy file as the server does at its start; exit code 1 names every problem.

    \b
    Example:
      fraudline policy check policy.toml --signals signals.toml
    """
    try:
        loaded = _load(file, signals_file)
    except click.ClickException as error:
        if not as_json:
            raise
        click.echo(json.dumps({"fine": False, "problems": error.message.splitlines()}, indent=2))
        sys.exit(1)
    shadow = sum(rule.mode == "shadow" for rule in loaded.rules)
    if as_json:
        click.echo(json.dumps({"fine": True, "version": loaded.version, "problems": []}, indent=2))
        return
    click.echo(
        f"{file}: fine, version {loaded.version}: {len(loaded.rules) - shadow} live and {shadow} shadow "
        f"rules, {len(loaded.lists)} lists, {len(loaded.router.routes)} routes to real time"
    )


@policy.command()
@click.argument("file", type=_FILE, default=DEFAULT_POLICY)
@_signals
@_json
def show(file: Path, signals_file: Path | None, as_json: bool) -> None:
    """Show a policy as it applies; without FILE the one that ships.

    \b
    Example:
      fraudline policy show
      fraudline policy show policy.toml --signals signals.toml --json
    """
    loaded = _load(file, signals_file)
    click.echo(
        json.dumps(describe.as_dict(loaded), indent=2) if as_json else "\n".join(describe.lines(loaded))
    )


policy.add_command(route)


def _load(file: Path, signals_file: Path | None) -> policies.Policy:
    try:
        kinds = None if signals_file is None else signals.load(signals_file, os.environ).kinds
        return policies.load(file, kinds)
    except (policies.PolicyError, signals.SignalsError) as error:
        raise click.ClickException(str(error)) from error
