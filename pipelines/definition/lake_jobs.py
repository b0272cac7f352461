"""The jobs that no model depends on: long aggregates, the off-peak batch, the warehouse's load, the clean-up.

None of them is needed to register a model, and a rejected model keeps none of them from ending. They read and
write the lake by day themselves: a night that is run again replaces the files of its day.

Imports the SageMaker SDK: import this module only inside `offline_sdk`.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sagemaker.core.workflow.pipeline_context import PipelineSession
from sagemaker.mlops.workflow.steps import ProcessingStep

from pipelines.definition.containers import Variables, processor, step_of, with_the_server
from pipelines.definition.inputs import NightlyInputs


def lake_jobs(inputs: NightlyInputs, session: PipelineSession, variables: Variables) -> list[ProcessingStep]:
    """The four steps in their order; the last ends after all others."""
    delay = ["--label-delay-days", variables["LabelDelayDays"].to_string()]
    profiles = ["--profiles", inputs.profiles_uri]
    aggregates = _step(
        inputs, session, variables, "LongAggregates", "pipelines.steps.aggregates",
        "30 and 90 days of every user and merchant, to the lake and the Feature Store",
        {"aggregates": "processed/aggregates"}, [*profiles, *delay], hours=4,
    )  # fmt: skip
    scores = _step(
        inputs, session, variables, "BatchScores", "inference.batch.nightly",
        "Decides the day's transactions that nobody decided in real time",
        {"batch-scores": "processed/batch_scores"}, [*profiles, *delay], hours=2,
        image_code=True,
    )  # fmt: skip
    load = _step(
        inputs, session, variables, "LoadWarehouse", "pipelines.steps.warehouse",
        "The day's facts and the night's dimensions, as the warehouse takes them",
        {"analytics": "analytics"}, profiles, hours=1, after=[aggregates.name, scores.name],
    )  # fmt: skip
    clean = _step(
        inputs, session, variables, "CleanUp", "pipelines.steps.clean_up",
        "Removes what is past its retention and no package needs",
        {"clean-up": "audit/clean_up"}, ["--mode", variables["CleanUp"]], hours=1, after=[load.name],
    )  # fmt: skip
    return [aggregates, scores, load, clean]


def _step(
    inputs: NightlyInputs,
    session: PipelineSession,
    variables: Variables,
    name: str,
    module: str,
    description: str,
    outputs: dict[str, str],
    arguments: Sequence[Any],
    *,
    hours: int,
    after: Sequence[str] = (),
    image_code: bool = False,
) -> ProcessingStep:
    job = processor(inputs, session, inputs.inference_image, module, hours=hours)
    if image_code:
        with_the_server(job, inputs)
    return step_of(
        job, inputs, name, description,
        writes={folder: f"s3://{inputs.lake_bucket}/{area}" for folder, area in outputs.items()},
        arguments=[
            "--environment", inputs.environment,
            "--lake", inputs.lake_bucket,
            "--as-of", variables["AsOf"],
            *arguments,
        ],
        after=after,
    )  # fmt: skip
