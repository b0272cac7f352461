"""Training jobs as real processes, seen through boto3."""

from __future__ import annotations

import io
import json
import tarfile

import pytest
from botocore.exceptions import ClientError

from tests.mirror.jobs.requests import finished, log_lines, train, wait_for_line
from tests.mirror.pipelines.programs import archive
from tests.mirror.running import RunningMirror

pytestmark = pytest.mark.slow

TRAIN = b"""
import json, os, pathlib, sys
import support
root = pathlib.Path("/opt/ml")
rows = sorted(p.read_text() for p in pathlib.Path(os.environ["SM_CHANNEL_TRAIN"]).iterdir())
config = {p.stem: json.loads(p.read_text()) for p in (root / "input/config").iterdir()}
print("round 1 auc=0.5;")
print("round 2 auc=0.875;")
result = {
    "rows": rows, "argv": sys.argv[1:], "config": config, "cwd": os.getcwd(), "support": support.NAME,
    "env": {k: v for k, v in os.environ.items() if k.startswith("SM_")},
}
(pathlib.Path(os.environ["SM_MODEL_DIR"]) / "result.json").write_text(json.dumps(result))
(pathlib.Path(os.environ["SM_OUTPUT_DATA_DIR"]) / "plot.txt").write_text("curve")
"""
WAIT = b"""
import pathlib, time
pathlib.Path("/opt/ml/model/half").write_text("x")
print("ready")
time.sleep(60)
"""
FAIL = b"""
import pathlib
pathlib.Path("/opt/ml/output/failure").write_text("too few frauds")
raise SystemExit(4)
"""


@pytest.fixture(scope="module", autouse=True)
def _bucket(mirror: RunningMirror) -> None:
    s3 = mirror.client("s3")
    s3.create_bucket(Bucket="jobs")
    s3.put_object(Bucket="jobs", Key="data/a", Body=b"1")
    s3.put_object(Bucket="jobs", Key="data/b", Body=b"2")
    code = archive(train_py=TRAIN, support_py=b"NAME = 'supported'", wait_py=WAIT, fail_py=FAIL)
    s3.put_object(Bucket="jobs", Key="code.tar.gz", Body=code)


def script(program: str, **hyperparameters: str) -> dict[str, str]:
    return {
        "sagemaker_program": json.dumps(program),
        "sagemaker_submit_directory": json.dumps("s3://jobs/code.tar.gz"),
        **hyperparameters,
    }


def unpack(mirror: RunningMirror, uri: str) -> dict[str, bytes]:
    bucket, _, key = uri.removeprefix("s3://").partition("/")
    body = mirror.client("s3").get_object(Bucket=bucket, Key=key)["Body"].read()
    with tarfile.open(fileobj=io.BytesIO(body)) as tar:
        return {m.name: (tar.extractfile(m) or io.BytesIO()).read() for m in tar.getmembers()}


def test_script_mode(mirror: RunningMirror) -> None:
    definitions = [{"Name": "auc", "Regex": "auc=([0-9.]+);"}]
    name = train(
        mirror,
        script("train.py", depth="6", tags='["a", "b"]', label="x y"),
        AlgorithmSpecification={
            "TrainingImage": "683313688378.dkr.ecr.us-east-1.amazonaws.com/sagemaker-xgboost:3.2-0",
            "TrainingInputMode": "File",
            "MetricDefinitions": definitions,
        },
    )
    job = finished(mirror, "Training", name)
    assert (job["TrainingJobStatus"], job.get("FailureReason")) == ("Completed", None)
    assert job["ModelArtifacts"]["S3ModelArtifacts"] == f"s3://jobs/models/{name}/output/model.tar.gz"
    [metric] = job["FinalMetricDataList"]
    assert (metric["MetricName"], metric["Value"]) == ("auc", 0.875)
    phases = [transition["Status"] for transition in job["SecondaryStatusTransitions"]]
    assert phases == ["Downloading", "Training", "Uploading", "Completed"]
    assert log_lines(mirror, "Training", name) == ["round 1 auc=0.5;", "round 2 auc=0.875;"]
    result = json.loads(unpack(mirror, job["ModelArtifacts"]["S3ModelArtifacts"])["result.json"])
    assert result["rows"] == ["1", "2"]
    assert result["argv"] == ["--depth", "6", "--label", "x y", "--tags", '["a", "b"]']
    assert (result["cwd"], result["support"]) == ("/opt/ml/code", "supported")
    assert result["config"]["hyperparameters"]["depth"] == "6"
    assert result["config"]["inputdataconfig"]["train"]["TrainingInputMode"] == "File"
    assert result["config"]["resourceconfig"]["current_host"] == "algo-1"
    assert result["env"]["SM_HP_DEPTH"] == "6"
    assert json.loads(result["env"]["SM_CHANNELS"]) == ["train"]
    assert unpack(mirror, f"s3://jobs/models/{name}/output/output.tar.gz") == {"plot.txt": b"curve"}


def test_a_failure_says_what_the_script_wrote(mirror: RunningMirror) -> None:
    job = finished(mirror, "Training", train(mirror, script("fail.py")))
    assert (job["TrainingJobStatus"], job["SecondaryStatus"]) == ("Failed", "Failed")
    assert job["FailureReason"] == "AlgorithmError: too few frauds, exit code: 4"


def test_stop_keeps_what_the_model_folder_has(mirror: RunningMirror) -> None:
    name = train(mirror, script("wait.py"))
    wait_for_line(mirror, "Training", name, "ready")
    mirror.client("sagemaker").stop_training_job(TrainingJobName=name)
    job = finished(mirror, "Training", name, timeout=20)
    assert (job["TrainingJobStatus"], job["SecondaryStatus"]) == ("Stopped", "Stopped")
    assert unpack(mirror, job["ModelArtifacts"]["S3ModelArtifacts"]) == {"half": b"x"}


def test_a_job_ends_at_its_time_limit(mirror: RunningMirror) -> None:
    name = train(mirror, script("wait.py"), StoppingCondition={"MaxRuntimeInSeconds": 1})
    job = finished(mirror, "Training", name, timeout=20)
    assert (job["TrainingJobStatus"], job["SecondaryStatus"]) == ("Stopped", "MaxRuntimeExceeded")


@pytest.mark.parametrize(
    ("hyperparameters", "word"),
    [
        ({"max_depth": "6"}, "sagemaker_program"),
        (
            {"sagemaker_program": "a.py", "sagemaker_submit_directory": "s3://jobs/no.tar.gz"},
            "s3://jobs/no.tar.gz",
        ),
        (
            {"sagemaker_program": "a.py", "sagemaker_submit_directory": "s3://jobs/data/a"},
            "cannot be unpacked",
        ),
        (script("missing.py"), "missing.py"),
    ],
)
def test_jobs_that_cannot_run_say_why(
    mirror: RunningMirror, hyperparameters: dict[str, str], word: str
) -> None:
    job = finished(mirror, "Training", train(mirror, hyperparameters))
    assert job["TrainingJobStatus"] == "Failed"
    assert word in job["FailureReason"]


def test_an_image_that_was_never_pushed(mirror: RunningMirror) -> None:
    uri = "123456789012.dkr.ecr.us-east-1.amazonaws.com/own:latest"
    name = train(mirror, {}, AlgorithmSpecification={"TrainingImage": uri, "TrainingInputMode": "File"})
    job = finished(mirror, "Training", name)
    assert (job["TrainingJobStatus"], uri in job["FailureReason"]) == ("Failed", True)


def test_refused_requests(mirror: RunningMirror) -> None:
    image = "683313688378.dkr.ecr.us-east-1.amazonaws.com/sagemaker-xgboost:3.2-0"
    for specification, word in (
        ({"TrainingImage": image, "TrainingInputMode": "Pipe"}, "TrainingInputMode"),
        ({"AlgorithmName": "mine", "TrainingInputMode": "File"}, "TrainingImage"),
        (
            {
                "TrainingImage": image,
                "TrainingInputMode": "File",
                "MetricDefinitions": [{"Name": "auc", "Regex": "auc=.*"}],
            },
            "auc",
        ),
    ):
        with pytest.raises(ClientError, match=word):
            train(mirror, {}, AlgorithmSpecification=specification)
