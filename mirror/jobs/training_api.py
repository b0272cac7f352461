"""CreateTrainingJob, DescribeTrainingJob, ListTrainingJobs, StopTrainingJob."""

from __future__ import annotations

from mirror.api import Context, Document, operation
from mirror.jobs import records, service, training
from mirror.jobs.records import TRAINING
from mirror.jobs.runner import DEFAULT_LIMIT_SECONDS

_SUMMARY = (
    "TrainingJobName",
    "TrainingJobArn",
    "CreationTime",
    "TrainingEndTime",
    "LastModifiedTime",
    "TrainingJobStatus",
    "SecondaryStatus",
)


@operation(
    "sagemaker",
    "CreateTrainingJob",
    coverage="partial",
    note="Runs one process whatever the instance count, from a script or an image's own entrypoint; "
    "built-in algorithms, Pipe input and file systems are refused; debugger, profiler and spot "
    "settings are kept and have no effect.",
)
def create_training_job(ctx: Context, params: Document) -> Document:
    training.check(params)
    defaults = {
        "StoppingCondition": {"MaxRuntimeInSeconds": DEFAULT_LIMIT_SECONDS},
        "SecondaryStatus": "Starting",
        "ModelArtifacts": {"S3ModelArtifacts": training.model_location(params)},
    }
    job = records.create(ctx, TRAINING, {**defaults, **params})
    service.runner(ctx.cloud).submit(ctx, TRAINING, params["TrainingJobName"])
    return {"TrainingJobArn": job["TrainingJobArn"]}


@operation("sagemaker", "DescribeTrainingJob")
def describe_training_job(ctx: Context, params: Document) -> Document:
    return records.get(ctx, TRAINING, params["TrainingJobName"])


@operation("sagemaker", "ListTrainingJobs")
def list_training_jobs(ctx: Context, params: Document) -> Document:
    return records.summaries(ctx, TRAINING, params, _SUMMARY)


@operation("sagemaker", "StopTrainingJob")
def stop_training_job(ctx: Context, params: Document) -> Document:
    records.request_stop(ctx, TRAINING, params["TrainingJobName"])
    service.runner(ctx.cloud).stop(ctx, TRAINING, params["TrainingJobName"])
    return {}
