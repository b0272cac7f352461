"""Where commands look for past decisions: options, and what they stand for."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any, TypeVar

import click
from botocore.exceptions import BotoCoreError, ClientError

from feature_groups.names import Names
from inference.decision_log.past.audit import Audit
from inference.decision_log.past.decision import SourceError
from inference.decision_log.past.objects import Bucket, Objects, objects
from processing.commands import target
from processing.lake.audit import AUDIT_PREFIX

F = TypeVar("F", bound=Callable[..., Any])


def place_options(command: F) -> F:
    """``--environment``, ``--audit`` and ``--postgres``."""
    for option in (
        click.option(
            "--postgres",
            "dsn",
            metavar="DSN",
            envvar="FRAUDLINE_POSTGRES_DSN",
            help="Look in this database instead.",
        ),
        click.option(
            "--audit",
            metavar="URI",
            envvar="FRAUDLINE_AUDIT_URI",
            help="s3://bucket/prefix or a folder with the audit; default: the environment's lake.",
        ),
        click.option(
            "--environment",
            "names",
            default="dev",
            envvar="FRAUDLINE_ENVIRONMENT",
            show_default=True,
            callback=_names,
            help="Which deployment.",
        ),
    ):
        command = option(command)
    return command


def _names(_context: click.Context, _option: click.Parameter, environment: str) -> Names:
    try:
        return Names(environment)
    except ValueError as error:
        raise click.BadParameter(str(error)) from error


def audit(
    uri: str | None, names: Names, days: tuple[date, date] | None = None, prefix: str = AUDIT_PREFIX
) -> Audit:
    """The audit at `uri`, or below `prefix` in the environment's lake."""
    return Audit(_at(uri, names, prefix), days)


def lake_objects(uri: str | None, names: Names, prefix: str) -> Objects:
    """What is at `uri`, or below `prefix` in the environment's lake."""
    if uri is not None and Path(uri).is_file():
        return _OneFile(Path(uri))
    return _at(uri, names, prefix)


def _at(uri: str | None, names: Names, prefix: str) -> Objects:
    aws = target.resolve()
    if uri is not None:
        return objects(uri, lambda: aws.client("s3"))
    try:
        account = aws.client("sts").get_caller_identity()["Account"]
        s3 = aws.client("s3")
    except (ClientError, BotoCoreError) as error:
        raise SourceError(
            f"{aws.description}: {error}. Is the mirror up (`fraudline status`), or are AWS credentials set? "
            "Or name the place: --audit, --postgres"
        ) from error
    return Bucket(s3, names.lake_bucket(account, s3.meta.region_name), prefix)


class _OneFile:
    """A single file as a tree of objects."""

    def __init__(self, path: Path) -> None:
        self._path = path

    @property
    def where(self) -> str:
        return str(self._path.parent) + "/"

    def keys(self, prefix: str = "") -> Any:
        return iter([self._path.name] if self._path.name.startswith(prefix) else [])

    def read(self, key: str) -> bytes:
        return (self._path.parent / key).read_bytes()
