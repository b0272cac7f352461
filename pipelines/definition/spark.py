"""ComputeFeatures on Spark: a SageMaker processing job of several instances, or a run on EMR Serverless.

Imports the SageMaker SDK: import this module only inside `offline_sdk`.
"""

from __future__ import annotations

from typing import Any

from sagemaker.core.spark.processing import PySparkProcessor
from sagemaker.core.workflow.functions import Join
from sagemaker.core.workflow.pipeline_context import PipelineSession
from sagemaker.mlops.workflow.emr_serverless_step import EMRServerlessJobConfig, EMRServerlessStep
from sagemaker.mlops.workflow.steps import ProcessingStep

from pipelines.definition.containers import NEVER, job_retries, run_uri, service_faults
from pipelines.definition.inputs import NightlyInputs

_NAME = "ComputeFeatures"
_WHAT = "Point-in-time features of the labelled window, on Spark"
_HOURS = 8
# The environment that the packed archive becomes on every node; see docs/spark.md.
_PYTHON = "./environment/bin/python"


def features_uri(inputs: NightlyInputs) -> Join:
    """Where the features are for BuildFeatures."""
    return run_uri(inputs, "processed/training_sets", "features")


def compute_features(
    inputs: NightlyInputs, session: PipelineSession, variables: Any
) -> ProcessingStep | EMRServerlessStep | None:
    """Lake in, Parquet files of features out; None where BuildFeatures computes them itself."""
    match inputs.features_engine:
        case "spark":
            return _on_sagemaker(inputs, session, variables)
        case "emr-serverless":
            return _on_emr_serverless(inputs, variables)
    return None


def _on_sagemaker(inputs: NightlyInputs, session: PipelineSession, variables: Any) -> ProcessingStep:
    job = PySparkProcessor(
        sagemaker_session=session,
        role=inputs.role_arn,
        image_uri=inputs.spark_image,
        instance_type=inputs.spark_instance_type,
        instance_count=inputs.spark_instance_count,
        volume_size_in_gb=inputs.volume_gb,
        volume_kms_key=inputs.kms_key_arn,
        max_runtime_in_seconds=_HOURS * 3600,
    )
    arguments = job.run(
        # Both at content-hashed keys already: what is given as a local file is uploaded under the time.
        submit_app=inputs.spark_program_uri,
        submit_py_files=[inputs.processing_code_uri],
        arguments=_arguments(inputs, variables),
    )
    return ProcessingStep(
        name=_NAME, description=_WHAT, step_args=arguments, cache_config=NEVER, retry_policies=job_retries()
    )


def _on_emr_serverless(inputs: NightlyInputs, variables: Any) -> EMRServerlessStep:
    settings = {
        "spark.archives": f"{inputs.emr_serverless_environment}#environment",
        "spark.submit.pyFiles": inputs.processing_code_uri,
        "spark.emr-serverless.driverEnv.PYSPARK_DRIVER_PYTHON": _PYTHON,
        "spark.emr-serverless.driverEnv.PYSPARK_PYTHON": _PYTHON,
        "spark.executorEnv.PYSPARK_PYTHON": _PYTHON,
        # No SageMaker container, so no /opt/ml: why a run failed is in its log.
        "spark.emr-serverless.driverEnv.FRAUDLINE_OPT_ML": "/tmp/fraudline",  # noqa: S108 - of the driver's own
    }
    return EMRServerlessStep(
        name=_NAME,
        display_name=_NAME,
        description=_WHAT,
        application_id=inputs.emr_serverless_application,
        job_config=EMRServerlessJobConfig(
            execution_role_arn=inputs.role_arn,
            execution_timeout_minutes=_HOURS * 60,
            job_driver={
                "sparkSubmit": {
                    "entryPoint": inputs.spark_program_uri,
                    "entryPointArguments": _arguments(inputs, variables),
                    "sparkSubmitParameters": " ".join(f"--conf {k}={v}" for k, v in settings.items()),
                }
            },
        ),
        cache_config=NEVER,
        retry_policies=[service_faults()],
    )


def _arguments(inputs: NightlyInputs, variables: Any) -> list[Any]:
    lake = f"s3://{inputs.lake_bucket}"
    return [
        "--as-of", variables["AsOf"],
        "--history-days", variables["HistoryDays"].to_string(),
        "--label-delay-days", variables["LabelDelayDays"].to_string(),
        "--validation-days", variables["ValidationDays"].to_string(),
        "--test-days", variables["TestDays"].to_string(),
        "--transactions", f"{lake}/raw/transactions/",
        "--labels", f"{lake}/labels/",
        "--profiles", inputs.profiles_uri,
        "--out", features_uri(inputs),
    ]  # fmt: skip
