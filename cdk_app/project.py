"""Where the project's files are, and the assets made from them."""

from __future__ import annotations

from pathlib import Path

from aws_cdk import IgnoreMode
from aws_cdk import aws_ecr_assets as ecr_assets
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_s3_assets as s3_assets
from constructs import Construct

from processing.engines.flink import package

ROOT = Path(__file__).resolve().parent.parent

_DOCKERFILE = "inference/Dockerfile"


def functions_code() -> lambda_.Code:
    """The code of all Lambda functions, as one asset: plain ``.py`` files at their project paths."""
    return lambda_.Code.from_asset(
        str(ROOT),
        exclude=["*", "!cdk_app/__init__.py", "!cdk_app/functions", "**/__pycache__"],
        ignore_mode=IgnoreMode.DOCKER,
    )


def inference_image(scope: Construct) -> ecr_assets.DockerImageAsset:
    """The image of the decision server. The same content has the same URI in every stack."""
    ignored = (ROOT / f"{_DOCKERFILE}.dockerignore").read_text(encoding="utf-8").split()
    return ecr_assets.DockerImageAsset(
        scope,
        "InferenceImage",
        directory=str(ROOT),
        file=_DOCKERFILE,
        platform=ecr_assets.Platform.LINUX_AMD64,
        exclude=ignored,
        ignore_mode=IgnoreMode.DOCKER,
    )


def flink_application(scope: Construct) -> s3_assets.Asset:
    """The zip of the Flink application, as the code now is.

    Raises:
        EngineError: its connector, which is Java, has not been built.
    """
    return s3_assets.Asset(scope, "Code", path=str(package.build()))
