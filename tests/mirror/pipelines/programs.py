"""The programs that the tests' steps run, and the bucket that holds them."""

from __future__ import annotations

import io
import tarfile
import time
from typing import Any

from tests.mirror.running import RunningMirror

JOB = b"""
import argparse, json, os, pathlib, signal, sys, time
parser = argparse.ArgumentParser()
parser.add_argument("--report", default="{}")
parser.add_argument("--sleep", type=float, default=0)
parser.add_argument("--exit", type=int, default=0)
parser.add_argument("--once", choices=["fail", "killed"])
options = parser.parse_args()
root = pathlib.Path(os.environ.get("FRAUDLINE_OPT_ML", "/opt/ml")) / "processing"
print("report is", options.report)
if options.once:
    import boto3
    s3 = boto3.client("s3")
    name = os.environ["PROCESSING_JOB_ARN"].split("-")[-2]
    if not s3.list_objects_v2(Bucket="jobs", Prefix=f"tries/{name}").get("KeyCount"):
        s3.put_object(Bucket="jobs", Key=f"tries/{name}", Body=b"1")
        if options.once == "killed":
            os.kill(os.getpid(), signal.SIGKILL)
        sys.exit("the first try fails")
time.sleep(options.sleep)
(root / "out" / "report.json").write_text(options.report)
if options.exit:
    raise SystemExit(options.exit)
"""

TRAIN = b"""
import argparse, os, pathlib
parser = argparse.ArgumentParser()
parser.add_argument("--depth", type=int)
options = parser.parse_args()
rows = sum(len(p.read_text().split()) for p in pathlib.Path(os.environ["SM_CHANNEL_TRAIN"]).iterdir())
print(f"rows={rows} depth={options.depth} auc=0.9625;")
(pathlib.Path(os.environ["SM_MODEL_DIR"]) / "model.txt").write_text(f"{rows} {options.depth}")
"""


def archive(**files: bytes) -> bytes:
    """A ``tar.gz``; underscores in names stand for dots."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w:gz") as tar:
        for name, content in files.items():
            entry = tarfile.TarInfo(name.replace("_", "."))
            entry.size = len(content)
            tar.addfile(entry, io.BytesIO(content))
    return buffer.getvalue()


def fill_bucket(mirror: RunningMirror) -> None:
    """Create the bucket ``work`` with code and data."""
    s3 = mirror.client("s3")
    s3.create_bucket(Bucket="jobs")
    s3.put_object(Bucket="jobs", Key="code/job.py", Body=JOB)
    s3.put_object(Bucket="jobs", Key="code/train.tar.gz", Body=archive(train_py=TRAIN))
    for number in range(3):
        s3.put_object(Bucket="jobs", Key=f"data/{number}.txt", Body=b"1 2 3 4")


def wait(mirror: RunningMirror, arn: str, timeout: float = 60) -> dict[str, Any]:
    """The execution once it has ended."""
    sagemaker = mirror.client("sagemaker")
    deadline = time.monotonic() + timeout
    while time.monotonic() < deadline:
        execution: dict[str, Any] = sagemaker.describe_pipeline_execution(PipelineExecutionArn=arn)
        if execution["PipelineExecutionStatus"] not in ("Executing", "Stopping"):
            return execution
        time.sleep(0.1)
    raise AssertionError(f"{arn} still runs: {steps(mirror, arn)}")


def steps(mirror: RunningMirror, arn: str) -> dict[str, dict[str, Any]]:
    """The execution's steps by name."""
    listed = mirror.client("sagemaker").list_pipeline_execution_steps(PipelineExecutionArn=arn)
    return {step["StepName"]: step for step in listed["PipelineExecutionSteps"]}
