"""A killed mirror: finished executions stay, interrupted ones are Failed and can be retried."""

from __future__ import annotations

import time
import uuid

import pytest

from tests.mirror.conftest import StartMirror
from tests.mirror.pipelines import definitions as d
from tests.mirror.pipelines.programs import fill_bucket, steps, wait
from tests.mirror.pipelines.test_executions import create, start

pytestmark = pytest.mark.slow


@pytest.mark.parametrize("gracefully", [False, True])
def test_an_interrupted_execution_can_be_retried(start_mirror: StartMirror, gracefully: bool) -> None:
    mirror = start_mirror()
    fill_bucket(mirror)
    done = start(mirror, create(mirror, d.text(d.processing("Quick"))))
    wait(mirror, done)
    arn = start(
        mirror,
        create(
            mirror, d.text(d.processing("First"), d.processing("Long", "--sleep", "3", DependsOn=["First"]))
        ),
    )
    while "Metadata" not in steps(mirror, arn).get("Long", {}):
        time.sleep(0.05)
    if gracefully:
        mirror.stop()
    else:
        mirror.kill()
    mirror.start()
    sagemaker = mirror.client("sagemaker")
    assert wait(mirror, done)["PipelineExecutionStatus"] == "Succeeded"
    execution = wait(mirror, arn)
    assert execution["PipelineExecutionStatus"] == "Failed"
    assert "RetryPipelineExecution" in execution["FailureReason"]
    before = steps(mirror, arn)
    job = before["Long"]["Metadata"]["ProcessingJob"]["Arn"].rpartition("/")[2]
    assert sagemaker.describe_processing_job(ProcessingJobName=job)["ProcessingJobStatus"] in (
        "Failed",
        "Stopped",
    )
    if not mirror.client("s3").list_buckets()["Buckets"]:
        fill_bucket(mirror)
    sagemaker.retry_pipeline_execution(PipelineExecutionArn=arn, ClientRequestToken=uuid.uuid4().hex)
    assert wait(mirror, arn)["PipelineExecutionStatus"] == "Succeeded"
    after = steps(mirror, arn)
    assert after["First"] == before["First"]
    assert after["Long"]["AttemptCount"] == 2
