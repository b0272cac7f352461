"""The nightly pipeline, as of the end of the history."""

from __future__ import annotations

from mirror.demo.run import DemoError, Run
from pipelines.commands import executions
from pipelines.commands.pipeline import line


def run_pipeline(run: Run) -> None:
    """Start the deployed pipeline and show its steps as they run.

    Raises:
        DemoError: it could not be started, or did not succeed.
    """
    sagemaker = run.client("sagemaker")
    history = run.history_data
    parameters = {
        "AsOf": run.live_data.start.strftime("%Y-%m-%dT00:00:00Z"),
        "HistoryDays": str((history.end - history.start).days + 1),
        "SearchTrials": "3",
        "SlowestServingMs": "250",  # the whole cloud shares this machine with the server that is measured
    }
    for name, value in run.criteria.items():
        parameters["".join(part.capitalize() for part in name.split("_"))] = str(value)
    logs = run.options.state_dir / "logs"
    try:
        arn = executions.start(sagemaker, run.names.pipeline, parameters)
    except executions.ExecutionError as error:
        raise DemoError(str(error), run.mirror.log) from error
    run.screen.line(", ".join(f"{name}={value}" for name, value in parameters.items()))
    for _, step in executions.changes(executions.follow(sagemaker, arn, every_s=0.25)):
        run.screen.line(line(step).strip())
    done = executions.describe(sagemaker, arn)
    if done.status != "Succeeded":
        failed = [step for step in done.steps if step.failure]
        reason = f"{failed[0].name}: {failed[0].failure}" if failed else done.failure
        raise DemoError(f"the pipeline ended as {done.status}: {reason}", logs)
