"""What a processing container runs, of the request and of its image."""

from __future__ import annotations

from pathlib import Path

import pytest

from mirror.api import Context, Document
from mirror.cloud import Cloud
from mirror.docker.images import Image
from mirror.jobs.processing import ProcessingWork

OWN, GIVEN, ARGUMENTS = ["python3", "own.py"], ["python3", "-m", "job"], ["--as-of", "now"]


@pytest.mark.parametrize(
    ("specification", "expected"),
    [
        ({}, [*OWN, "serve"]),
        ({"ContainerArguments": ARGUMENTS}, [*OWN, *ARGUMENTS]),
        ({"ContainerEntrypoint": GIVEN}, GIVEN),
        ({"ContainerEntrypoint": GIVEN, "ContainerArguments": ARGUMENTS}, [*GIVEN, *ARGUMENTS]),
    ],
)
def test_an_entrypoint_of_the_request_leaves_the_image_s_command_out(
    tmp_path: Path, specification: Document, expected: list[str]
) -> None:
    job = {
        "AppSpecification": {"ImageUri": "image", **specification},
        "ProcessingJobArn": "arn:aws:sagemaker:us-east-1:123456789012:processing-job/job",
        "ProcessingJobName": "job",
        "ProcessingResources": {
            "ClusterConfig": {"InstanceCount": 1, "InstanceType": "ml.m5.large", "VolumeSizeInGB": 1}
        },
        "RoleArn": "arn:aws:iam::123456789012:role/job",
    }
    context = Context(Cloud(tmp_path), "us-east-1")
    command = ProcessingWork().prepare(context, job, Image(OWN, ["serve"]), tmp_path / "ml")
    assert command.argv == expected
