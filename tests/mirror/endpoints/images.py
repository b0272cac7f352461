"""The inference image, built from its Dockerfile and pushed to the mirror as the CDK does it."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from tests.mirror.running import RunningMirror

_ROOT = Path(__file__).parents[3]
_REGISTRY = "123456789012.dkr.ecr.us-east-1.amazonaws.com"


def push_inference_image(mirror: RunningMirror) -> str:
    """Build and push ``inference/Dockerfile``; returns the image's URI."""
    return push(mirror, "fraudline-inference", _ROOT, "inference/Dockerfile")


def push(mirror: RunningMirror, repository: str, context: Path, dockerfile: str) -> str:
    """Build an image from `context` and push it to a new repository."""
    uri = f"{_REGISTRY}/{repository}:test"
    mirror.client("ecr").create_repository(repositoryName=repository)
    for arguments in (["build", "--tag", uri, "--file", dockerfile, str(context)], ["push", uri]):
        subprocess.run(
            [sys.executable, "-m", "mirror.docker", *arguments],
            env={**os.environ, **mirror.environ(), "FRAUDLINE_STATE_DIR": str(mirror.state_dir)},
            check=True,
            capture_output=True,
            cwd=_ROOT,
        )
    return uri
