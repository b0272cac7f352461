"""The mirror is killed in each step of a night; the night goes on from there."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from pipelines.commands import executions
from tests.mirror.conftest import StartMirror
from tests.mirror.pipelines.nightly import PARAMETERS, deploy, training_set
from tests.mirror.pipelines.programs import steps, wait
from tests.mirror.pipelines.test_executions import start
from tests.mirror.running import RunningMirror

pytestmark = [pytest.mark.drill, pytest.mark.timeout(600)]

ORDER = ("BuildFeatures", "DataIsSound", "TrainModel", "MeasureServing", "EvaluateModel")


def test_a_night_goes_on_from_the_step_in_which_everything_was_killed(
    start_mirror: StartMirror, tmp_path: Path
) -> None:
    mirror = start_mirror()
    deploy(mirror, tmp_path)
    _let_it_be_written(mirror)
    sagemaker = mirror.client("sagemaker")
    known: dict[str, bytes] = {}
    for number, killed in enumerate(("BuildFeatures", "TrainModel", "MeasureServing", "EvaluateModel")):
        # Other settings each time, so that the cache of the run before answers nothing.
        values = {**PARAMETERS, "Rounds": str(40 + number)}
        arn = start(mirror, "nightly", **values)
        _wait_for_job(mirror, arn, killed)
        mirror.kill()
        mirror.start()
        execution = wait(mirror, arn)
        assert execution["PipelineExecutionStatus"] == "Failed"
        assert "RetryPipelineExecution" in execution["FailureReason"]
        before = steps(mirror, arn)
        assert before[killed]["StepStatus"] == "Failed"

        executions.retry(sagemaker, arn)
        assert wait(mirror, arn, timeout=200)["PipelineExecutionStatus"] == "Succeeded"
        after = steps(mirror, arn)
        finished = ORDER[: ORDER.index(killed)]
        assert {name: after[name] for name in finished} == {name: before[name] for name in finished}
        assert after[killed]["AttemptCount"] == 2
        known = known or training_set(mirror)
        assert training_set(mirror) == known

        # A new start of the same night: nothing that was finished is computed again.
        again = start(mirror, "nightly", **values)
        assert wait(mirror, again, timeout=200)["PipelineExecutionStatus"] == "Succeeded"
        hits = {name for name, step in steps(mirror, again).items() if "CacheHitResult" in step}
        assert hits == {"TrainModel"}
        assert training_set(mirror) == known


def test_a_night_that_is_started_again_instead_takes_over_what_was_finished(
    start_mirror: StartMirror, tmp_path: Path
) -> None:
    mirror = start_mirror()
    deploy(mirror, tmp_path)
    _let_it_be_written(mirror)
    killed = start(mirror, "nightly", **PARAMETERS)
    _wait_for_job(mirror, killed, "EvaluateModel")
    mirror.kill()
    mirror.start()
    assert wait(mirror, killed)["PipelineExecutionStatus"] == "Failed"
    again = start(mirror, "nightly", **PARAMETERS)
    assert wait(mirror, again, timeout=200)["PipelineExecutionStatus"] == "Succeeded"
    hits = {
        name: step["CacheHitResult"]["SourcePipelineExecutionArn"]
        for name, step in steps(mirror, again).items()
        if "CacheHitResult" in step
    }
    assert hits == {"TrainModel": killed}


def _let_it_be_written(mirror: RunningMirror) -> None:
    """Pipelines and objects are durable at once; buckets are written shortly after they change."""
    time.sleep(3)
    assert mirror.client("s3").list_buckets()["Buckets"]


def _wait_for_job(mirror: RunningMirror, arn: str, step: str) -> None:
    deadline = time.monotonic() + 200
    while "Metadata" not in steps(mirror, arn).get(step, {}):
        assert time.monotonic() < deadline, steps(mirror, arn)
        time.sleep(0.05)
