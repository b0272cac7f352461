"""Options that several commands share."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import click

from mirror.running import state_dir_option

Command = TypeVar("Command", bound=Callable[..., Any])


def state_dir(command: Command) -> Command:
    """``--state-dir``: where the mirror keeps everything that survives a restart."""
    return click.option(
        "--state-dir",
        type=click.Path(path_type=Path, file_okay=False),
        default=state_dir_option,
        show_default="$FRAUDLINE_STATE_DIR or .fraudline",
        help="Where the mirror keeps its state.",
    )(command)


def as_json(command: Command) -> Command:
    """``--json``: print the result as one JSON document."""
    return click.option("--json", "as_json", is_flag=True, help="Print the result as JSON.")(command)
