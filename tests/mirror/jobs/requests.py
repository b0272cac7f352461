"""Requests for jobs that run small programs from the bucket ``work``."""

from __future__ import annotations

import time
import uuid
from contextlib import suppress
from typing import Any

from tests.mirror.pipelines.definitions import IMAGE, ROLE
from tests.mirror.running import RunningMirror

Json = dict[str, Any]


def s3_input(name: str, uri: str, path: str, kind: str = "S3Prefix") -> Json:
    source = {"S3Uri": uri, "LocalPath": path, "S3DataType": kind, "S3InputMode": "File"}
    return {"InputName": name, "S3Input": source}


def process(
    mirror: RunningMirror, program: str, *arguments: str, inputs: list[Json] | None = None, **more: Any
) -> str:
    """Start a processing job that runs `program`; its output is ``s3://jobs/out/JOB``. Returns its name."""
    name = f"job-{uuid.uuid4().hex[:8]}"
    mirror.client("s3").put_object(Bucket="jobs", Key=f"programs/{name}/main.py", Body=program.encode())
    output = {
        "S3Uri": f"s3://jobs/out/{name}",
        "LocalPath": "/opt/ml/processing/out",
        "S3UploadMode": "EndOfJob",
    }
    mirror.client("sagemaker").create_processing_job(
        ProcessingJobName=name,
        RoleArn=ROLE,
        AppSpecification={
            "ImageUri": IMAGE,
            "ContainerEntrypoint": ["python3", "/opt/ml/processing/code/main.py", *arguments],
        },
        ProcessingResources={
            "ClusterConfig": {"InstanceCount": 1, "InstanceType": "ml.m5.large", "VolumeSizeInGB": 1}
        },
        ProcessingInputs=[
            s3_input("code", f"s3://jobs/programs/{name}/main.py", "/opt/ml/processing/code"),
            *(inputs or []),
        ],
        ProcessingOutputConfig={"Outputs": [{"OutputName": "out", "S3Output": output}]},
        **more,
    )
    return name


def train(mirror: RunningMirror, hyperparameters: dict[str, str], **more: Any) -> str:
    """Start a training job on ``s3://jobs/data``; the model goes to ``s3://jobs/models``."""
    name = f"job-{uuid.uuid4().hex[:8]}"
    request: Json = {
        "TrainingJobName": name,
        "RoleArn": ROLE,
        "AlgorithmSpecification": {"TrainingImage": IMAGE, "TrainingInputMode": "File"},
        "HyperParameters": hyperparameters,
        "InputDataConfig": [
            {
                "ChannelName": "train",
                "DataSource": {"S3DataSource": {"S3DataType": "S3Prefix", "S3Uri": "s3://jobs/data/"}},
            }
        ],
        "OutputDataConfig": {"S3OutputPath": "s3://jobs/models"},
        "ResourceConfig": {"InstanceCount": 1, "InstanceType": "ml.m5.large", "VolumeSizeInGB": 1},
        "StoppingCondition": {"MaxRuntimeInSeconds": 60},
    }
    mirror.client("sagemaker").create_training_job(**{**request, **more})
    return name


def finished(mirror: RunningMirror, kind: str, name: str, timeout: float = 60) -> Json:
    """The description of a Processing or Training job once it has ended."""
    describe = getattr(mirror.client("sagemaker"), f"describe_{kind.lower()}_job")
    deadline = time.monotonic() + timeout
    while time.monotonic() < deadline:
        job: Json = describe(**{f"{kind}JobName": name})
        if job[f"{kind}JobStatus"] not in ("InProgress", "Stopping"):
            return job
        time.sleep(0.05)
    raise AssertionError(f"{name} still runs")


def log_lines(mirror: RunningMirror, kind: str, name: str) -> list[str]:
    """The job's output as CloudWatch Logs has it."""
    logs = mirror.client("logs")
    group = f"/aws/sagemaker/{kind}Jobs"
    streams = logs.describe_log_streams(logGroupName=group, logStreamNamePrefix=f"{name}/algo-1-")[
        "logStreams"
    ]
    [stream] = streams
    events = logs.get_log_events(
        logGroupName=group, logStreamName=stream["logStreamName"], startFromHead=True
    )
    return [event["message"] for event in events["events"]]


def wait_for_line(mirror: RunningMirror, kind: str, name: str, line: str) -> None:
    """Return when a running job has printed `line`."""
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline:
        # Until the job runs it has no stream, and the first job of all has no group.
        with suppress(ValueError, mirror.client("logs").exceptions.ResourceNotFoundException):
            if line in log_lines(mirror, kind, name):
                return
        time.sleep(0.05)
    raise AssertionError(f"{name} never printed {line!r}")
