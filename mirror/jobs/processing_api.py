"""CreateProcessingJob, DescribeProcessingJob, ListProcessingJobs, StopProcessingJob."""

from __future__ import annotations

from mirror.api import Context, Document, operation
from mirror.jobs import processing, records, service
from mirror.jobs.records import PROCESSING

_SUMMARY = (
    "ProcessingJobName",
    "ProcessingJobArn",
    "CreationTime",
    "ProcessingEndTime",
    "LastModifiedTime",
    "ProcessingJobStatus",
    "FailureReason",
    "ExitMessage",
)


@operation(
    "sagemaker",
    "CreateProcessingJob",
    coverage="partial",
    note="Runs one process whatever the instance count; no network isolation; Continuous outputs are "
    "uploaded when the job ends; dataset definitions and Feature Store outputs are refused.",
)
def create_processing_job(ctx: Context, params: Document) -> Document:
    processing.check(params)
    job = records.create(ctx, PROCESSING, params)
    service.runner(ctx.cloud).submit(ctx, PROCESSING, params["ProcessingJobName"])
    return {"ProcessingJobArn": job["ProcessingJobArn"]}


@operation("sagemaker", "DescribeProcessingJob")
def describe_processing_job(ctx: Context, params: Document) -> Document:
    return records.get(ctx, PROCESSING, params["ProcessingJobName"])


@operation("sagemaker", "ListProcessingJobs")
def list_processing_jobs(ctx: Context, params: Document) -> Document:
    return records.summaries(ctx, PROCESSING, params, _SUMMARY)


@operation("sagemaker", "StopProcessingJob")
def stop_processing_job(ctx: Context, params: Document) -> Document:
    records.request_stop(ctx, PROCESSING, params["ProcessingJobName"])
    service.runner(ctx.cloud).stop(ctx, PROCESSING, params["ProcessingJobName"])
    return {}
