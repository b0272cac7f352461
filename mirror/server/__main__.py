"""``python -m mirror.server``: serve the mirror in the foreground."""

from __future__ import annotations

import logging
import os
from pathlib import Path

import click

from mirror.cloud import DEFAULT_PORT, DEFAULT_REGION
from mirror.server.process import StartupError, run_server


@click.command()
@click.option("--port", default=DEFAULT_PORT, show_default=True, help="Port on 127.0.0.1; 0 picks one.")
@click.option(
    "--state-dir",
    default=lambda: os.environ.get("FRAUDLINE_STATE_DIR", ".fraudline"),
    type=click.Path(path_type=Path, file_okay=False),
    help="Where everything durable lives  [default: $FRAUDLINE_STATE_DIR or .fraudline]",
)
@click.option("--region", default=DEFAULT_REGION, show_default=True, help="Region of unsigned requests.")
def main(port: int, state_dir: Path, region: str) -> None:
    """Serve the AWS APIs of the platform on 127.0.0.1 until SIGTERM.

    \b
    Example:
      python -m mirror.server --port 4566 --state-dir .fraudline
    """
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s: %(message)s")
    for chatty in ("botocore", "urllib3", "werkzeug", "s3transfer"):
        logging.getLogger(chatty).setLevel(logging.WARNING)
    try:
        run_server(port, state_dir, region)
    except StartupError as error:
        raise click.ClickException(str(error)) from error


if __name__ == "__main__":
    main()
