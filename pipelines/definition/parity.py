"""The job that holds served features against the batch.

Imports the SageMaker SDK: import this module only inside `offline_sdk`.
"""

from __future__ import annotations

from sagemaker.core.workflow.execution_variables import ExecutionVariables
from sagemaker.core.workflow.pipeline_context import PipelineSession
from sagemaker.mlops.workflow.steps import ProcessingStep

from pipelines.definition.containers import Variables, processor, run_uri, step_of
from pipelines.definition.inputs import NightlyInputs


def served_parity(
    inputs: NightlyInputs, session: PipelineSession, variables: Variables, features: ProcessingStep
) -> ProcessingStep:
    """Log of decisions, lake and streams in; report, and the log's records for the audit, out.

    It reads what it needs by itself: of the lake only what concerns the users and merchants decided on.
    It waits for `features`, beside which it would compete for the lake, and runs beside the training.
    """
    job = processor(inputs, session, inputs.inference_image, "pipelines.steps.parity", hours=2)
    return step_of(
        job, inputs, "ServedParity", "Features as the endpoint served them, against the batch",
        writes={
            "parity": run_uri(inputs, "audit/parity", "report"),
            "predictions": run_uri(inputs, "audit/parity", "records"),
        },
        arguments=[
            "--environment", inputs.environment,
            "--started-at", ExecutionVariables.START_DATETIME,
            "--hours", variables["ParityHours"].to_string(),
            "--most-mismatches", variables["MostMismatches"].to_string(),
        ],
        after=[features.name],
    )  # fmt: skip
