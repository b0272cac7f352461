"""The three jobs of the nightly pipeline: features, training, evaluation.

Imports the SageMaker SDK: import this module only inside `offline_sdk`.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sagemaker.core.processing import Processor
from sagemaker.core.shapes import (
    MetricDefinition,
    ProcessingInput,
    ProcessingOutput,
    ProcessingS3Input,
    ProcessingS3Output,
    StoppingCondition,
)
from sagemaker.core.workflow.execution_variables import ExecutionVariables
from sagemaker.core.workflow.functions import Join
from sagemaker.core.workflow.pipeline_context import PipelineSession
from sagemaker.core.workflow.properties import PropertyFile
from sagemaker.mlops.workflow.retry import (
    SageMakerJobExceptionTypeEnum,
    SageMakerJobStepRetryPolicy,
    StepExceptionTypeEnum,
    StepRetryPolicy,
)
from sagemaker.mlops.workflow.steps import CacheConfig, ProcessingStep, TrainingStep
from sagemaker.train import ModelTrainer
from sagemaker.train.configs import Compute, InputData, OutputDataConfig

from pipelines.definition.inputs import NightlyInputs
from pipelines.steps.container import CHANNELS, INPUTS, OUTPUTS
from pipelines.steps.metrics_log import METRIC_PATTERNS

CODE_PATH = "/opt/ml/processing/input/code"
INPUT_PATH = "/opt/ml/processing/input"
OUTPUT_PATH = "/opt/ml/processing/output"
EVALUATION = PropertyFile(name="Evaluation", output_name="evaluation", path="evaluation.json")

# TrainModel and EvaluateModel are pure functions of their inputs, so an execution that selects
# them again on the same training set need not repeat them. BuildFeatures reads a lake that grows
# under one URI, which the service's cache cannot see: it always runs.
_PURE = CacheConfig(enable_caching=True, expire_after="P7D")
_NEVER = CacheConfig(enable_caching=False)

Variables = Mapping[str, Any]


def service_faults() -> StepRetryPolicy:
    """Retries of a call that the service refused or lost."""
    return StepRetryPolicy(
        exception_types=[StepExceptionTypeEnum.SERVICE_FAULT, StepExceptionTypeEnum.THROTTLING],
        interval_seconds=5,
        backoff_rate=2.0,
        max_attempts=5,
    )


def job_retries() -> list[Any]:
    """Retries for faults of the service; a failure of our own code is never repeated."""
    return [
        service_faults(),
        SageMakerJobStepRetryPolicy(
            failure_reason_types=[SageMakerJobExceptionTypeEnum.INTERNAL_ERROR],
            exception_types=[
                SageMakerJobExceptionTypeEnum.CAPACITY_ERROR,
                SageMakerJobExceptionTypeEnum.RESOURCE_LIMIT,
            ],
            interval_seconds=60,
            backoff_rate=2.0,
            max_attempts=3,
        ),
    ]


def build_features(inputs: NightlyInputs, session: PipelineSession, variables: Variables) -> ProcessingStep:
    """Lake and offline store in; train, validation, test and manifest out."""
    processor = _processor(inputs, session, inputs.inference_image, "pipelines.steps.features", hours=4)
    lake = f"s3://{inputs.lake_bucket}"
    arguments = processor.run(
        inputs=[
            _input("code", inputs.processing_code_uri),
            _input("transactions", f"{lake}/raw/transactions/"),
            _input("labels", f"{lake}/labels/"),
            _input("profiles", inputs.profiles_uri),
        ],
        outputs=[
            _output(name, _run_uri(inputs, "processed/training_sets", name))
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
        ],
    )  # fmt: skip
    return ProcessingStep(
        name="BuildFeatures",
        description="Point-in-time features of the labelled window, split by time",
        step_args=arguments,
        cache_config=_NEVER,
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
            InputData(channel_name=name, data_source=_output_of(features, name)) for name in CHANNELS
        ],
        output_data_config=OutputDataConfig(
            s3_output_path=_run_uri(inputs, "models", "training"), kms_key_id=inputs.kms_key_arn
        ),
    ).with_metric_definitions(
        [MetricDefinition(name=name, regex=pattern) for name, pattern in METRIC_PATTERNS.items()]
    )
    return TrainingStep(
        name="TrainModel",
        description="Gradient-boosted trees; rounds and thresholds chosen on the validation window",
        step_args=trainer.train(),
        cache_config=_PURE,
        retry_policies=job_retries(),
    )


def evaluate_model(
    inputs: NightlyInputs, session: PipelineSession, features: ProcessingStep, training: TrainingStep
) -> ProcessingStep:
    """Model and test set in; evaluation.json and its pictures out."""
    processor = _processor(inputs, session, inputs.xgboost_image, "pipelines.steps.evaluate", hours=1)
    arguments = processor.run(
        inputs=[
            _input("code", inputs.processing_code_uri),
            _input("model", training.properties.ModelArtifacts.S3ModelArtifacts),
            _input("test", _output_of(features, "test")),
            _input("manifest", _output_of(features, "manifest")),
        ],
        outputs=[_output(name, _run_uri(inputs, "models", name)) for name in OUTPUTS["evaluate"]],
    )
    return ProcessingStep(
        name="EvaluateModel",
        description="Metrics of the model on the newest complete days",
        step_args=arguments,
        property_files=[EVALUATION],
        cache_config=_PURE,
        retry_policies=job_retries(),
    )


def _processor(
    inputs: NightlyInputs, session: PipelineSession, image: str, module: str, *, hours: int
) -> Processor:
    return Processor(
        sagemaker_session=session,
        role=inputs.role_arn,
        image_uri=image,
        entrypoint=["python3", "-m", module],
        instance_type=inputs.processing_instance_type,
        instance_count=1,
        volume_size_in_gb=inputs.volume_gb,
        volume_kms_key=inputs.kms_key_arn,
        output_kms_key=inputs.kms_key_arn,
        max_runtime_in_seconds=hours * 3600,
        # The image may hold an older copy of our packages where it starts: only the bundle counts.
        env={"PYTHONPATH": f"{CODE_PATH}/{inputs.processing_code_file}", "PYTHONSAFEPATH": "1"},
    )


def _input(name: str, uri: Any) -> ProcessingInput:
    if name not in INPUTS:
        raise KeyError(name)
    return ProcessingInput(
        input_name=name,
        s3_input=ProcessingS3Input(
            s3_uri=uri, local_path=f"{INPUT_PATH}/{name}", s3_data_type="S3Prefix", s3_input_mode="File"
        ),
    )


def _output(name: str, uri: Any) -> ProcessingOutput:
    return ProcessingOutput(
        output_name=name,
        s3_output=ProcessingS3Output(
            s3_uri=uri, local_path=f"{OUTPUT_PATH}/{name}", s3_upload_mode="EndOfJob"
        ),
    )


def _output_of(step: ProcessingStep, name: str) -> Any:
    return step.properties.ProcessingOutputConfig.Outputs[name].S3Output.S3Uri


def _run_uri(inputs: NightlyInputs, area: str, name: str) -> Join:
    """``s3://<lake>/<area>/<execution id>/<name>``."""
    return Join(
        on="/",
        values=[f"s3://{inputs.lake_bucket}/{area}", ExecutionVariables.PIPELINE_EXECUTION_ID, name],
    )
