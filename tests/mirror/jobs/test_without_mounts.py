"""A system without mount namespaces: jobs run on rewritten paths."""

from __future__ import annotations

import pytest

from tests.mirror.conftest import StartMirror
from tests.mirror.jobs.requests import finished, log_lines, process, train
from tests.mirror.pipelines.programs import fill_bucket

pytestmark = pytest.mark.slow


def test_jobs_run_on_rewritten_paths(start_mirror: StartMirror, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FRAUDLINE_PRIVATE_MOUNTS", "0")
    mirror = start_mirror()
    fill_bucket(mirror)
    program = "import sys, pathlib\npathlib.Path(sys.argv[1], 'x').write_text('y')\nprint(sys.argv[1])"
    name = process(mirror, program, "/opt/ml/processing/out")
    job = finished(mirror, "Processing", name)
    assert (job["ProcessingJobStatus"], job.get("FailureReason")) == ("Completed", None)
    assert log_lines(mirror, "Processing", name)[0].startswith(str(mirror.state_dir))
    assert mirror.client("s3").get_object(Bucket="jobs", Key=f"out/{name}/x")["Body"].read() == b"y"
    script = {
        "sagemaker_program": "train.py",
        "sagemaker_submit_directory": "s3://jobs/code/train.tar.gz",
        "depth": "3",
    }
    trained = finished(mirror, "Training", train(mirror, script))
    assert (trained["TrainingJobStatus"], trained.get("FailureReason")) == ("Completed", None)
