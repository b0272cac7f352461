"""FindChampion: the model in production at this moment, for the evaluation to compare with."""

from __future__ import annotations

import argparse
import os
from urllib.parse import urlsplit

import boto3
from botocore.exceptions import ClientError

from feature_groups.names import Names
from pipelines.evaluation.model import ARCHIVE
from pipelines.evaluation.places import CHAMPION_FILE, NO_CHAMPION
from pipelines.steps.container import StepError, processing_output, run
from pipelines.steps.dataset import write_json
from processing.registry.production import in_production

_ALREADY_THERE = {"pipeline_execution", "report"}


def main(arguments: list[str]) -> None:
    """Write ``champion.json`` and, where a model is in production, its ``model.tar.gz``.

    Raises:
        StepError: its archive cannot be read.
    """
    options = _parser().parse_args(arguments)
    # A processing job is told its region as AWS_REGION, which boto3 does not look at.
    region = os.environ.get("AWS_REGION") or os.environ.get("AWS_DEFAULT_REGION")
    sagemaker = boto3.client("sagemaker", region_name=region)
    package = in_production(sagemaker, options.group, Names(options.environment).endpoint)
    folder = processing_output("champion")
    if package is None:
        write_json({"package": NO_CHAMPION}, folder / CHAMPION_FILE)
        print(f"{options.group}: no model is in production")
        return
    archive = str(package["InferenceSpecification"]["Containers"][0].get("ModelDataUrl", ""))
    version = int(package["ModelPackageVersion"])
    parts = urlsplit(archive)
    try:
        boto3.client("s3", region_name=region).download_file(
            parts.netloc, parts.path.lstrip("/"), str(folder / ARCHIVE)
        )
    except (ClientError, ValueError) as error:
        raise StepError(
            f"champion: {archive or 'no archive'} of version {version}, which is in production, cannot be "
            f"read: {error}; put it back, or reject the version"
        ) from None
    properties = package.get("CustomerMetadataProperties", {})
    summary = {name: value for name, value in properties.items() if name not in _ALREADY_THERE}
    found = {
        "package": package["ModelPackageArn"],
        "version": version,
        "archive": archive,
        "summary": summary,
    }
    write_json(found, folder / CHAMPION_FILE)
    print(f"{options.group}: version {version} is in production, {archive}")


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="pipelines.steps.champion", description=__doc__)
    parser.add_argument("--environment", required=True, help="which deployment's endpoint")
    parser.add_argument("--group", required=True, help="model package group")
    return parser


if __name__ == "__main__":
    raise SystemExit(run(main))
