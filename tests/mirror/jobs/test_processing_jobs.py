"""Processing jobs as real processes, seen through boto3."""

from __future__ import annotations

import json
import re
import sys

import pytest
from botocore.exceptions import ClientError

from tests.mirror.jobs.requests import finished, log_lines, process, s3_input, wait_for_line
from tests.mirror.running import RunningMirror

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module", autouse=True)
def _bucket(mirror: RunningMirror) -> None:
    s3 = mirror.client("s3")
    s3.create_bucket(Bucket="jobs")
    for key in ("in/a.txt", "in/deep/b.txt", "in-other/c.txt", "list/one", "list/two", "list/three"):
        s3.put_object(Bucket="jobs", Key=key, Body=key.encode())
    manifest = [{"prefix": "s3://jobs/list/"}, "one", "three"]
    s3.put_object(Bucket="jobs", Key="manifest.json", Body=json.dumps(manifest).encode())


def test_the_file_contract(mirror: RunningMirror) -> None:
    program = """
import json, os, pathlib, sys
root = pathlib.Path("/opt/ml")
seen = sorted(str(p.relative_to(root / "processing/in")) for p in (root / "processing/in").rglob("*.txt"))
listed = sorted(p.name for p in (root / "processing/list").iterdir())
config = json.loads((root / "config/processingjobconfig.json").read_text())
hosts = json.loads((root / "config/resourceconfig.json").read_text())["hosts"]
(root / "processing/out/sub").mkdir()
result = [seen, listed, config["ProcessingJobName"], hosts, sys.argv[1:], os.environ["MODE"], sys.prefix]
(root / "processing/out/sub/result.json").write_text(json.dumps(result))
(root / "output").mkdir()
(root / "output/message").write_text("all done")
"""
    name = process(
        mirror,
        program,
        "--days",
        "7",
        inputs=[
            s3_input("in", "s3://jobs/in", "/opt/ml/processing/in"),
            s3_input("list", "s3://jobs/manifest.json", "/opt/ml/processing/list", "ManifestFile"),
        ],
        Environment={"MODE": "test"},
    )
    job = finished(mirror, "Processing", name)
    assert (job["ProcessingJobStatus"], job.get("FailureReason")) == ("Completed", None)
    assert job["ExitMessage"] == "all done"
    assert job["CreationTime"] <= job["ProcessingStartTime"] <= job["ProcessingEndTime"]
    body = mirror.client("s3").get_object(Bucket="jobs", Key=f"out/{name}/sub/result.json")["Body"].read()
    files, listed, job_name, hosts, arguments, mode, prefix = json.loads(body)
    assert files == ["a.txt", "deep/b.txt"]
    assert listed == ["one", "three"]
    assert (job_name, hosts, arguments, mode) == (name, ["algo-1"], ["--days", "7"], "test")
    assert prefix == sys.prefix


def test_output_reaches_cloudwatch_logs_while_the_job_runs(mirror: RunningMirror) -> None:
    name = process(mirror, "import sys, time\nprint('one')\nprint('two', file=sys.stderr)\ntime.sleep(60)")
    wait_for_line(mirror, "Processing", name, "two")
    mirror.client("sagemaker").stop_processing_job(ProcessingJobName=name)
    job = finished(mirror, "Processing", name, timeout=20)
    assert job["ProcessingJobStatus"] == "Stopped"
    assert log_lines(mirror, "Processing", name)[:2] == ["one", "two"]
    with pytest.raises(ClientError, match="in status Stopped"):
        mirror.client("sagemaker").stop_processing_job(ProcessingJobName=name)


@pytest.mark.parametrize(
    ("program", "reason"),
    [
        ("raise ValueError('no rows')", "AlgorithmError: .*ValueError: no rows, exit code: 1"),
        ("raise SystemExit(7)", "AlgorithmError: no output, exit code: 7"),
        (
            "import pathlib\npathlib.Path('/opt/ml/output').mkdir()\n"
            "pathlib.Path('/opt/ml/output/message').write_text('too few')\nraise SystemExit(2)",
            "AlgorithmError: too few, exit code: 2",
        ),
        ("import os, signal\nos.kill(os.getpid(), signal.SIGKILL)", "InternalServerError: .*SIGKILL"),
    ],
)
def test_failures_have_a_reason_and_no_output(mirror: RunningMirror, program: str, reason: str) -> None:
    prepare = "open('/opt/ml/processing/out/half', 'w').close()\n"
    name = process(mirror, prepare + program)
    job = finished(mirror, "Processing", name)
    assert job["ProcessingJobStatus"] == "Failed"
    assert re.match(reason, job["FailureReason"], re.DOTALL)
    assert mirror.client("s3").list_objects_v2(Bucket="jobs", Prefix=f"out/{name}")["KeyCount"] == 0


def test_a_missing_input_fails_the_job_by_name(mirror: RunningMirror) -> None:
    missing = s3_input("history", "s3://jobs/nothing/here", "/opt/ml/processing/in")
    job = finished(mirror, "Processing", process(mirror, "print()", inputs=[missing]))
    assert job["ProcessingJobStatus"] == "Failed"
    assert "'history'" in job["FailureReason"]
    assert "s3://jobs/nothing/here" in job["FailureReason"]


def test_a_job_ends_at_its_time_limit(mirror: RunningMirror) -> None:
    name = process(mirror, "import time\ntime.sleep(60)", StoppingCondition={"MaxRuntimeInSeconds": 1})
    job = finished(mirror, "Processing", name, timeout=20)
    assert (job["ProcessingJobStatus"], job["ExitMessage"]) == ("Stopped", "MaxRuntimeExceeded")


def test_jobs_do_not_see_each_other(mirror: RunningMirror) -> None:
    """Two jobs write the same path at the same time and read back their own."""
    program = """
import pathlib, sys, time
path = pathlib.Path("/opt/ml/processing/out/mine")
path.write_text(sys.argv[1])
time.sleep(1)
print(path.read_text())
"""
    names = {word: process(mirror, program, word) for word in ("left", "right")}
    for word, name in names.items():
        assert finished(mirror, "Processing", name)["ProcessingJobStatus"] == "Completed"
        assert log_lines(mirror, "Processing", name) == [word]


def test_refused_requests(mirror: RunningMirror) -> None:
    sagemaker = mirror.client("sagemaker")
    name = process(mirror, "print()")
    finished(mirror, "Processing", name)
    described = sagemaker.describe_processing_job(ProcessingJobName=name)
    again = {
        key: described[key]
        for key in ("ProcessingJobName", "RoleArn", "AppSpecification", "ProcessingResources")
    }
    with pytest.raises(sagemaker.exceptions.ResourceInUse):
        sagemaker.create_processing_job(**again)
    outside = s3_input("x", "s3://jobs/in", "/etc")
    with pytest.raises(ClientError, match=r"ProcessingInputs\[1\]\.S3Input\.LocalPath"):
        process(mirror, "print()", inputs=[outside])
    with pytest.raises(ClientError, match="Could not find requested job"):
        sagemaker.describe_processing_job(ProcessingJobName="nope")


def test_jobs_are_listed(mirror: RunningMirror) -> None:
    sagemaker = mirror.client("sagemaker")
    names = [process(mirror, "print()") for _ in range(3)]
    for name in names:
        finished(mirror, "Processing", name)
    pages = sagemaker.get_paginator("list_processing_jobs").paginate(
        StatusEquals="Completed", PaginationConfig={"PageSize": 2}
    )
    listed = [job["ProcessingJobName"] for page in pages for job in page["ProcessingJobSummaries"]]
    assert [name for name in listed if name in names] == names[::-1]
