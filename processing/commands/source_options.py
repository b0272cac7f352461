"""The options of every command that reads a file of transactions."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import click

_SOURCE = click.option(
    "--source",
    type=click.Path(path_type=Path, exists=True),
    required=True,
    help="A Parquet or CSV file, or a folder that `fraudline generate` wrote.",
)
_COLUMNS = click.option(
    "--columns",
    type=click.Path(path_type=Path, exists=True, dir_okay=False),
    help="The file's column map (docs/column-maps.md).",
)


def source_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add ``--source`` and ``--columns``: parameters `source` and `columns`, the latter None without one."""
    return _SOURCE(_COLUMNS(command))
