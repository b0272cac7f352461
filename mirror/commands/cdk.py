"""``fraudline cdk``: the pinned cdk command line against the running mirror."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import boto3
import click
from botocore.exceptions import ClientError

from mirror.cloud import ACCOUNT, CREDENTIALS, DEFAULT_REGION
from mirror.commands import options
from mirror.running import Mirror
from mirror.toolchain import Toolchain, ToolchainError

TOOLKIT = "CDKToolkit"
_NEED_BOOTSTRAP = {"deploy", "publish-assets", "watch"}


@click.command(context_settings={"ignore_unknown_options": True, "allow_interspersed_args": False})
@click.option("--region", default=DEFAULT_REGION, show_default=True, help="Region to deploy to.")
@options.state_dir
@click.argument("arguments", nargs=-1, type=click.UNPROCESSED)
def cdk(region: str, state_dir: Path, arguments: tuple[str, ...]) -> None:
    """Run `cdk ARGUMENTS` against the mirror, bootstrapping it before the first deployment.

    Deployments ask for no approval, because nothing they do costs or exposes anything. The exit code
    is that of cdk.

    \b
    Example:
      fraudline cdk deploy --all
      fraudline cdk diff
    """
    mirror = Mirror(state_dir)
    if mirror.health() is None:
        raise click.ClickException(
            f"no mirror answers at {mirror.endpoint_url}: start it with `fraudline up`"
        )
    toolchain = Toolchain(mirror.endpoint_url, region, state_dir)
    try:
        code = run(toolchain, *arguments)
    except ToolchainError as error:
        raise click.ClickException(str(error)) from error
    sys.exit(code)


def run(toolchain: Toolchain, *arguments: str) -> int:
    """Run the cdk in the current folder, bootstrapping first where needed; returns its exit code.

    Raises:
        ToolchainError: the cdk or Node is not installed.
    """
    environ = _environ(toolchain)
    verb = next((word for word in arguments if not word.startswith("-")), "")
    if verb in _NEED_BOOTSTRAP and not _is_bootstrapped(toolchain):
        target = f"aws://{ACCOUNT}/{toolchain.region}"
        # Away from cdk.json: bootstrapping an environment needs no app, so none is synthesised.
        code = subprocess.run(
            toolchain.cdk("bootstrap", target), env=environ, cwd=toolchain.state_dir, check=False
        ).returncode
        if code:
            return code
    extra = ["--require-approval", "never"] if verb == "deploy" else []
    return subprocess.run(toolchain.cdk(*arguments, *extra), env=environ, check=False).returncode


def _environ(toolchain: Toolchain) -> dict[str, str]:
    merged = os.environ | toolchain.environ()
    return {name: value for name, value in merged.items() if value}


def _is_bootstrapped(toolchain: Toolchain) -> bool:
    client = boto3.client(
        "cloudformation", endpoint_url=toolchain.endpoint_url, region_name=toolchain.region, **CREDENTIALS
    )
    try:
        (stack,) = client.describe_stacks(StackName=TOOLKIT)["Stacks"]
    except ClientError:
        return False
    return str(stack["StackStatus"]) in ("CREATE_COMPLETE", "UPDATE_COMPLETE")
