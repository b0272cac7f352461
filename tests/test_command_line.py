"""The command line: every command exists, explains itself with an example, and starts light."""

from __future__ import annotations

import subprocess
import sys

import click
import pytest
from click.testing import CliRunner

from fraudline import COMMANDS, main

OUTSIDE = {"env", "cdk"}  # their output is a shell's or the cdk command line's own


def test_help_lists_every_command_and_imports_none() -> None:
    code = (
        "import sys; from fraudline import main; main(['--help'], standalone_mode=False); print(*sys.modules)"
    )
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert all(line in result.stdout for _, line in COMMANDS.values())
    assert not {"boto3", "moto", "numpy", "pandas"} & set(result.stdout.split())


def test_an_unknown_command_is_refused() -> None:
    result = CliRunner().invoke(main, ["explode"])
    assert result.exit_code == 2
    assert "explode" in result.output


def _commands(command: click.Command, path: tuple[str, ...] = ()) -> list[tuple[str, ...]]:
    if not isinstance(command, click.Group):
        return [path]
    context = click.Context(command)
    found = []
    for name in command.list_commands(context):
        child = command.get_command(context, name)
        assert child is not None, name
        found += _commands(child, (*path, name))
    return found


@pytest.mark.parametrize("path", _commands(main), ids=" ".join)
def test_every_command_has_an_example_and_speaks_json(path: tuple[str, ...]) -> None:
    result = CliRunner().invoke(main, [*path, "--help"])
    assert result.exit_code == 0, result.output
    if path[0] in OUTSIDE:
        return
    assert f"fraudline {' '.join(path)}" in result.output, "no example"
    assert "--json" in result.output
