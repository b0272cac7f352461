"""The ``fraudline`` command: one line per subcommand, each imported only when it is called."""

from __future__ import annotations

from importlib import import_module

import click

# Name: where the command is, and its line in `fraudline --help`.
COMMANDS = {
    "up": ("mirror.commands.up:up", "Start the laptop's cloud."),
    "down": ("mirror.commands.down:down", "Stop it; its state stays."),
    "score": ("inference.commands.score:score", "Decide the transactions of a file or of standard input."),
    "status": ("mirror.commands.status:status", "Show whether it runs, and its services."),
    "env": ("mirror.commands.env:env", "Print variables that point any AWS tool at it."),
    "cdk": ("mirror.commands.cdk:cdk", "Run the pinned cdk command line against it."),
    "demo": ("mirror.commands.demo:demo", "Take transactions through the whole platform."),
    "backtest": ("pipelines.commands.backtest:backtest", "Train and test on any transactions file."),
    "decisions": ("inference.commands.decisions:decisions", "What decisions were worth, by their labels."),
    "dlq": ("processing.commands.dlq:dlq", "List, show and replay dead letters."),
    "explain": ("inference.commands.explain:explain", "Show why a past decision was made."),
    "features": ("processing.commands.features:features", "Compute the features of a transactions file."),
    "generate": ("processing.commands.generate:generate", "Generate transactions as Parquet files."),
    "models": ("pipelines.commands.models:models", "List, inspect, approve and reject models."),
    "parity": ("pipelines.commands.parity:parity", "Prove that two computations of the features agree."),
    "pipeline": ("pipelines.commands.pipeline:pipeline", "Run the nightly pipeline and follow it."),
    "policy": ("inference.commands.policy:policy", "Check the policy, and see what its routing is worth."),
}


class _LazyGroup(click.Group):
    """Imports a subcommand when it is named, so that `fraudline --help` needs no SDK."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 - click's
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002
        if cmd_name not in COMMANDS:
            return None
        module, _, attribute = COMMANDS[cmd_name][0].partition(":")
        command: click.Command = getattr(import_module(module), attribute)
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:  # noqa: ARG002
        with formatter.section("Commands"):
            formatter.write_dl([(name, line) for name, (_, line) in COMMANDS.items()])


@click.command(cls=_LazyGroup)
@click.version_option(package_name="fraudline")
def main() -> None:
    """Card-fraud decisions on AWS SageMaker, and the same platform on this laptop.

    \b
    Example:
      fraudline demo
      fraudline up && fraudline cdk deploy --all
    """


if __name__ == "__main__":
    main()
