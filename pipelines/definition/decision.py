"""What happens with an evaluated model: registration for review, or rejection.

Imports the SageMaker SDK: import this module only inside `offline_sdk`.
"""

from __future__ import annotations

from typing import Any

from sagemaker.core.model_metrics import MetricsSource, ModelMetrics
from sagemaker.core.workflow.conditions import ConditionLessThanOrEqualTo
from sagemaker.core.workflow.execution_variables import ExecutionVariables
from sagemaker.core.workflow.functions import Join, JsonGet
from sagemaker.core.workflow.pipeline_context import PipelineSession
from sagemaker.mlops.workflow.condition_step import ConditionStep
from sagemaker.mlops.workflow.fail_step import FailStep
from sagemaker.mlops.workflow.model_step import ModelStep
from sagemaker.mlops.workflow.steps import ProcessingStep, TrainingStep
from sagemaker.serve.model_builder import ModelBuilder

from pipelines.definition.containers import output_of, service_faults
from pipelines.definition.inputs import NightlyInputs
from pipelines.definition.jobs import EVALUATION, QUALITY, content_of
from pipelines.evaluation.summary import NAMES as SUMMARY
from pipelines.report import REPORT_FILE


def data_is_sound(features: ProcessingStep, then: list[Any]) -> ConditionStep:
    """Nothing critical in the data: go on. Else the execution fails, naming checks and the first reason."""

    def found(path: str) -> JsonGet:
        return JsonGet(step_name=features.name, property_file=QUALITY, json_path=path)

    return ConditionStep(
        name="DataIsSound",
        description="The checks of the batch and training layers found nothing critical",
        conditions=[ConditionLessThanOrEqualTo(left=found("critical"), right=0)],
        if_steps=then,
        else_steps=[
            FailStep(
                name="RejectData",
                description="Nothing is trained on this data",
                error_message=Join(
                    on="",
                    values=["The data is not sound: ", found("summary.reason"), ". Nothing was trained."],
                ),
            )
        ],
    )


def meets_criteria(
    inputs: NightlyInputs,
    session: PipelineSession,
    features: ProcessingStep,
    training: TrainingStep,
    evaluation: ProcessingStep,
    parity: ProcessingStep,
    last: ProcessingStep,
) -> ConditionStep:
    """Every criterion met: register for review. Else the execution fails, naming those that are missed.

    EvaluateModel judges by the parameters (`pipelines.evaluation.gate`), so that the reviewer's page, the
    failure and this condition say the same. Nothing is registered before `parity` has succeeded: a model
    learns from features that are served. A rejection, which ends the execution, waits for `last`, the last of
    the steps that no model depends on.
    """

    def evaluated(path: str) -> JsonGet:
        return JsonGet(step_name=evaluation.name, property_file=EVALUATION, json_path=path)

    return ConditionStep(
        name="MeetsCriteria",
        description="Fixed criteria on the test window, checks, not worse than production, fast enough",
        depends_on=[parity.name],
        conditions=[ConditionLessThanOrEqualTo(left=evaluated("gate.failed"), right=0)],
        if_steps=[_register(inputs, session, features, training, evaluation, evaluated)],
        else_steps=[
            FailStep(
                name="RejectModel",
                description="The model misses a criterion; nothing is registered",
                depends_on=[last.name],
                error_message=Join(
                    on="",
                    values=[
                        "The model misses a criterion on the test window: ",
                        evaluated("gate.summary.reason"),
                        ". Nothing was registered.",
                    ],
                ),
            )
        ],
    )


def _register(
    inputs: NightlyInputs,
    session: PipelineSession,
    features: ProcessingStep,
    training: TrainingStep,
    evaluation: ProcessingStep,
    evaluated: Any,
) -> ModelStep:
    def written(name: str) -> Join:
        folder = evaluation.properties.ProcessingOutputConfig.Outputs["evaluation"].S3Output.S3Uri
        return Join(on="/", values=[folder, name])

    builder = ModelBuilder(
        sagemaker_session=session,
        role_arn=inputs.role_arn,
        image_uri=inputs.inference_image,
        s3_model_data_url=training.properties.ModelArtifacts.S3ModelArtifacts,
    )
    arguments = builder.register(
        model_package_group_name=inputs.model_package_group,
        content_types=["application/json"],
        response_types=["application/json"],
        inference_instances=list(inputs.inference_instance_types),
        transform_instances=[inputs.processing_instance_type],
        approval_status="PendingManualApproval",
        model_metrics=ModelMetrics(
            model_statistics=MetricsSource(content_type="application/json", s3_uri=written(EVALUATION.path))
        ),
        customer_metadata_properties={
            **{name: evaluated(f"summary.{name}") for name in SUMMARY},
            "code_version": inputs.code_version,
            "report": written(REPORT_FILE),
            "training_set": output_of(features, "manifest"),
            "training_set_sha256": content_of(features, "sha256"),
            "pipeline_execution": ExecutionVariables.PIPELINE_EXECUTION_ARN,
        },
        skip_model_validation="All",
    )
    return ModelStep(
        name="RegisterModel",
        description="Waits for a reviewer as PendingManualApproval",
        step_args=arguments,
        retry_policies=[service_faults()],
    )
