"""The ``fraudline`` command: one line per subcommand, each imported only when it is called."""

from __future__ import annotations

from importlib import import_module

import click

COMMANDS = {
    "up": "mirror.commands.up:up",
    "down": "mirror.commands.down:down",
    "status": "mirror.commands.status:status",
    "env": "mirror.commands.env:env",
    "cdk": "mirror.commands.cdk:cdk",
    "demo": "mirror.commands.demo:demo",
    "generate": "processing.commands.generate:generate",
    "models": "pipelines.commands.models:models",
    "pipeline": "pipelines.commands.pipeline:pipeline",
}


class _LazyGroup(click.Group):
    """Imports a subcommand when it is named, so that `fraudline --help` needs no SDK."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        target = COMMANDS.get(cmd_name)
        if target is None:
            return None
        module, _, attribute = target.partition(":")
        command: click.Command = getattr(import_module(module), attribute)
        return command


@click.command(cls=_LazyGroup)
@click.version_option(package_name="fraudline")
def main() -> None:
    """Card-fraud decisions on AWS SageMaker, and the same platform on this laptop.

    \b
    Example:
      fraudline up && fraudline cdk deploy --all && fraudline demo
    """
