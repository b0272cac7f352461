"""The three jobs of the nightly pipeline: features, training, evaluation.

Imports the SageMaker SDK: import this module only inside `offline_sdk`.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sagemaker.core.shapes import MetricDefinition, StoppingCondition
from sagemaker.core.workflow.execution_variables import ExecutionVariables
from sagemaker.core.workflow.pipeline_context import PipelineSession
from sagemaker.core.workflow.properties import PropertyFile
from sagemaker.mlops.workflow.steps import ProcessingStep, TrainingStep
from sagemaker.train import ModelTrainer
from sagemaker.train.configs import Compute, InputData, OutputDataConfig

from pipelines.definition.containers import (
    NEVER,
    PURE,
    job_input,
    job_output,
    job_retries,
    output_of,
    processor,
    run_uri,
)
from pipelines.definition.inputs import NightlyInputs
from pipelines.definition.spark import features_uri
from pipelines.quality.document import FILE
from pipelines.steps.container import CHANNELS, OUTPUTS
from pipelines.steps.metrics_log import METRIC_PATTERNS

QUALITY = PropertyFile(name="Quality", output_name="quality", path=FILE)
EVALUATION = PropertyFile(name="Evaluation", output_name="evaluation", path="evaluation.json")

Variables = Mapping[str, Any]


def build_features(
    inputs: NightlyInputs, session: PipelineSession, variables: Variables, computed: Any = None
) -> ProcessingStep:
    """Lake and offline store in; train, validation, test and manifest out.

    Args:
        computed: the step that computes the features; None where this one does.
    """
    job = processor(inputs, session, inputs.inference_image, "pipelines.steps.features", hours=4)
    lake = f"s3://{inputs.lake_bucket}"
    arguments = job.run(
        inputs=[
            job_input("code", inputs.processing_code_uri),
            job_input("transactions", f"{lake}/raw/transactions/"),
            job_input("labels", f"{lake}/labels/"),
            job_input("profiles", inputs.profiles_uri),
            *([job_input("features", features_uri(inputs))] if computed else []),
        ],
        outputs=[
            job_output(name, run_uri(inputs, "processed/training_sets", name))
            for name in OUTPUTS["features"]
        ],
        arguments=[
            "--as-of", variables["AsOf"],
            "--started-at", ExecutionVariables.START_DATETIME,
            "--history-days", variables["HistoryDays"].to_string(),
            "--label-delay-days", variables["LabelDelayDays"].to_string(),
            "--validation-days", variables["ValidationDays"].to_string(),
            "--test-days", variables["TestDays"].to_string(),
            "--code-version", inputs.code_version,
            *(["--computed"] if computed else []),
        ],
    )  # fmt: skip
    return ProcessingStep(
        name="BuildFeatures",
        depends_on=[computed.name] if computed else None,
        description="Checks of the newest days; point-in-time features of the labelled window, split by time",
        step_args=arguments,
        property_files=[QUALITY],
        cache_config=NEVER,
        retry_policies=job_retries(),
    )


def train_model(
    inputs: NightlyInputs, session: PipelineSession, variables: Variables, features: ProcessingStep
) -> TrainingStep:
    """Train and validation sets in; model.tar.gz out."""
    trainer = ModelTrainer(
        sagemaker_session=session,
        role=inputs.role_arn,
        base_job_name="fraudline-train",
        training_image=inputs.xgboost_image,
        compute=Compute(
            instance_type=inputs.training_instance_type,
            instance_count=1,
            volume_size_in_gb=inputs.volume_gb,
            volume_kms_key_id=inputs.kms_key_arn,
        ),
        stopping_condition=StoppingCondition(max_runtime_in_seconds=4 * 3600),
        # Script mode without SourceCode, which uploads under a timestamped key.
        hyperparameters={
            "sagemaker_program": "train.py",
            "sagemaker_submit_directory": inputs.training_code_uri,
            "rounds": variables["Rounds"].to_string(),
            "max-depth": variables["MaxDepth"].to_string(),
            "learning-rate": variables["LearningRate"].to_string(),
            "code-version": inputs.code_version,
        },
        input_data_config=[
            InputData(channel_name=name, data_source=output_of(features, name)) for name in CHANNELS
        ],
        output_data_config=OutputDataConfig(
            s3_output_path=run_uri(inputs, "models", "training"), kms_key_id=inputs.kms_key_arn
        ),
    ).with_metric_definitions(
        [MetricDefinition(name=name, regex=pattern) for name, pattern in METRIC_PATTERNS.items()]
    )
    return TrainingStep(
        name="TrainModel",
        description="Gradient-boosted trees; rounds and thresholds chosen on the validation window",
        step_args=trainer.train(),
        cache_config=PURE,
        retry_policies=job_retries(),
    )


def evaluate_model(
    inputs: NightlyInputs, session: PipelineSession, features: ProcessingStep, training: TrainingStep
) -> ProcessingStep:
    """Model and test set in; evaluation.json and its pictures out."""
    job = processor(inputs, session, inputs.xgboost_image, "pipelines.steps.evaluate", hours=1)
    arguments = job.run(
        inputs=[
            job_input("code", inputs.processing_code_uri),
            job_input("model", training.properties.ModelArtifacts.S3ModelArtifacts),
            job_input("test", output_of(features, "test")),
            job_input("manifest", output_of(features, "manifest")),
            job_input("quality", output_of(features, "quality")),
        ],
        outputs=[job_output(name, run_uri(inputs, "models", name)) for name in OUTPUTS["evaluate"]],
    )
    return ProcessingStep(
        name="EvaluateModel",
        description="Metrics of the model on the newest complete days",
        step_args=arguments,
        property_files=[EVALUATION],
        cache_config=PURE,
        retry_policies=job_retries(),
    )
