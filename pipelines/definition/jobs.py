"""The jobs that make and judge a model: features, training, champion, serving, evaluation.

Imports the SageMaker SDK: import this module only inside `offline_sdk`.
"""

from __future__ import annotations

from typing import Any

from sagemaker.core.shapes import MetricDefinition, StoppingCondition
from sagemaker.core.workflow.functions import JsonGet
from sagemaker.core.workflow.pipeline_context import PipelineSession
from sagemaker.core.workflow.properties import PropertyFile
from sagemaker.mlops.workflow.steps import ProcessingStep, TrainingStep
from sagemaker.train import ModelTrainer
from sagemaker.train.configs import Compute, InputData, OutputDataConfig

from pipelines.definition.containers import (
    PURE,
    Variables,
    job_retries,
    night_uri,
    output_of,
    processor,
    run_uri,
    step_of,
    with_the_server,
)
from pipelines.definition.inputs import NightlyInputs
from pipelines.definition.spark import features_uri
from pipelines.evaluation.places import CHAMPION_FILE, SERVING_FILE
from pipelines.quality.document import FILE
from pipelines.steps.container import CHANNELS, OUTPUTS
from pipelines.steps.dataset import MANIFEST
from pipelines.steps.metrics_log import METRIC_PATTERNS

SERVING = PropertyFile(name="Serving", output_name="serving", path=SERVING_FILE)
CHAMPION = PropertyFile(name="Champion", output_name="champion", path=CHAMPION_FILE)
QUALITY = PropertyFile(name="Quality", output_name="quality", path=FILE)
TRAINING_SET = PropertyFile(name="TrainingSet", output_name="manifest", path=MANIFEST)
EVALUATION = PropertyFile(name="Evaluation", output_name="evaluation", path="evaluation.json")


def content_of(features: ProcessingStep, name: str) -> JsonGet:
    """A hash that BuildFeatures wrote: the same URI holds other data after another run of the night."""
    return JsonGet(step_name=features.name, property_file=TRAINING_SET, json_path=name)


def build_features(
    inputs: NightlyInputs, session: PipelineSession, variables: Variables, computed: Any = None
) -> ProcessingStep:
    """Lake and offline store in; train, validation, test and manifest out.

    Args:
        computed: the step that computes the features; None where this one does.
    """
    job = processor(inputs, session, inputs.inference_image, "pipelines.steps.features", hours=4)
    lake = f"s3://{inputs.lake_bucket}"
    return step_of(
        job, inputs, "BuildFeatures",
        "Checks of the newest days; point-in-time features of the labelled window, split by time",
        reads={
            "transactions": f"{lake}/raw/transactions/",
            "labels": f"{lake}/labels/",
            "profiles": inputs.profiles_uri,
            **({"features": features_uri(inputs)} if computed else {}),
        },
        writes={name: night_uri(inputs, variables, name) for name in OUTPUTS["features"]},
        arguments=[
            "--as-of", variables["AsOf"],
            "--history-days", variables["HistoryDays"].to_string(),
            "--label-delay-days", variables["LabelDelayDays"].to_string(),
            "--validation-days", variables["ValidationDays"].to_string(),
            "--test-days", variables["TestDays"].to_string(),
            "--code-version", inputs.code_version,
            *(["--computed"] if computed else []),
        ],
        after=[computed.name] if computed else [],
        files=[QUALITY, TRAINING_SET],
    )  # fmt: skip


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
            "search-trials": variables["SearchTrials"].to_string(),
            "code-version": inputs.code_version,
            "training-set-sha256": content_of(features, "sha256"),
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


def find_champion(
    inputs: NightlyInputs, session: PipelineSession, variables: Variables, features: ProcessingStep
) -> ProcessingStep:
    """Registry and endpoint in; the model in production out, as it is at this moment.

    A step of its own, so that EvaluateModel depends on its inputs alone. It waits for `features`, as nothing
    has to be compared where the data is not sound.
    """
    job = processor(inputs, session, inputs.inference_image, "pipelines.steps.champion", hours=1)
    return step_of(
        job, inputs, "FindChampion", "The model in production",
        # Where the night has its other inputs: run again with the same champion, it has the same arguments.
        writes={name: night_uri(inputs, variables, name) for name in OUTPUTS["champion"]},
        arguments=["--environment", inputs.environment, "--group", inputs.model_package_group],
        after=[features.name],
        files=[CHAMPION],
    )  # fmt: skip


def measure_serving(
    inputs: NightlyInputs,
    session: PipelineSession,
    variables: Variables,
    features: ProcessingStep,
    training: TrainingStep,
) -> ProcessingStep:
    """Model and test set in; how fast the server answers with that model out.

    A measurement is no function of its inputs: it is never cached, so that a machine that was busy once does
    not refuse a model for a week.
    """
    job = processor(inputs, session, inputs.inference_image, "pipelines.steps.serving", hours=1)
    with_the_server(job, inputs)
    return step_of(
        job, inputs, "MeasureServing", "Latency of the real server with the new model",
        reads={
            "model": training.properties.ModelArtifacts.S3ModelArtifacts,
            "test": output_of(features, "test"),
            "manifest": output_of(features, "manifest"),
        },
        writes={name: night_uri(inputs, variables, name) for name in OUTPUTS["serving"]},
        arguments=["--training-set-sha256", content_of(features, "sha256")],
        files=[SERVING],
    )  # fmt: skip


def evaluate_model(
    inputs: NightlyInputs,
    session: PipelineSession,
    variables: Variables,
    features: ProcessingStep,
    training: TrainingStep,
    champion: ProcessingStep,
    serving: ProcessingStep,
) -> ProcessingStep:
    """Models, test set and latency in; evaluation.json, the reviewer's page and pictures out."""
    job = processor(inputs, session, inputs.xgboost_image, "pipelines.steps.evaluate", hours=1)
    return step_of(
        job, inputs, "EvaluateModel", "The model on the newest complete days, and against production",
        reads={
            "model": training.properties.ModelArtifacts.S3ModelArtifacts,
            **{name: output_of(features, name) for name in ("test", "manifest", "quality")},
            "champion": output_of(champion, "champion"),
            "serving": output_of(serving, "serving"),
        },
        writes={name: run_uri(inputs, "models", name) for name in OUTPUTS["evaluate"]},
        arguments=[
            "--training-set-sha256", content_of(features, "sha256"),
            "--quality-sha256", content_of(features, "quality_sha256"),
            "--serving-p95-ms",
            JsonGet(step_name=serving.name, property_file=SERVING, json_path="summary.p95_ms"),
            # Also makes another champion another evaluation, wherever its files lie.
            "--champion", JsonGet(step_name=champion.name, property_file=CHAMPION, json_path="package"),
            "--minimum-auc", variables["MinimumAuc"].to_string(),
            "--minimum-average-precision", variables["MinimumAveragePrecision"].to_string(),
            "--tolerance", variables["WorseTolerance"].to_string(),
            "--slowest-ms", variables["SlowestServingMs"].to_string(),
        ],
        files=[EVALUATION],
        cache=PURE,
    )  # fmt: skip
