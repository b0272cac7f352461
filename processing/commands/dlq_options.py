"""Options that the commands of ``fraudline dlq`` share, and how they report errors."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from functools import wraps
from typing import Any

import click
from botocore.exceptions import BotoCoreError, ClientError

from feature_groups.names import Names
from processing.dead_letters.payloads import PayloadError
from processing.dead_letters.replay import ReplayError

_SPAN = re.compile(r"(\d+)([mhd])")
_UNITS = {"m": "minutes", "h": "hours", "d": "days"}


def _names(_context: click.Context, _option: click.Parameter, environment: str) -> Names:
    try:
        return Names(environment)
    except ValueError as error:
        raise click.BadParameter(str(error)) from error


def _moment(_context: click.Context, _option: click.Parameter, text: str) -> datetime:
    span = _SPAN.fullmatch(text)
    if span:
        return datetime.now(UTC) - timedelta(**{_UNITS[span[2]]: int(span[1])})
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise click.BadParameter(f"{text!r}: give 30m, 24h, 14d or 2026-03-01T12:00:00Z") from None
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


environment_option = click.option(
    "--environment",
    "names",
    default="dev",
    envvar="FRAUDLINE_ENVIRONMENT",
    show_default=True,
    callback=_names,
    help="Which deployment.",
)
since_option = click.option(
    "--since", default="24h", show_default=True, callback=_moment, help="From when on: 30m, 24h, 14d, a time."
)
json_option = click.option("--json", "as_json", is_flag=True, help="Print the result as JSON.")


def selects(command: Callable[..., None]) -> Callable[..., None]:
    """Options that say which letters are meant."""
    for option in reversed(
        (
            click.option("--reason", default="", help="Part of the error, whatever the case."),
            click.option("--field", help="The field at fault, such as amount."),
            click.option("--from-sequence", "first", type=int, help="First offset in the original stream."),
            click.option("--to-sequence", "last", type=int, help="Last offset in the original stream."),
            click.option("--id", "ids", multiple=True, help="Id, or its end, such as the sequence number."),
        )
    ):
        command = option(command)
    return command


def reports_errors(command: Callable[..., None]) -> Callable[..., None]:
    """Turn what can go wrong into one line and exit code 1."""

    @wraps(command)
    def wrapped(*args: Any, **kwargs: Any) -> None:
        try:
            command(*args, **kwargs)
        except (PayloadError, ReplayError) as error:
            raise click.ClickException(str(error)) from error
        except (BotoCoreError, ClientError) as error:
            raise click.ClickException(
                f"{error}. Is the mirror up (`fraudline status`), or are AWS credentials set?"
            ) from error

    return wrapped
