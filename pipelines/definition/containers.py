"""What the requests of all jobs share: containers, inputs, outputs and retries.

Imports the SageMaker SDK: import this module only inside `offline_sdk`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from sagemaker.core.processing import Processor
from sagemaker.core.shapes import ProcessingInput, ProcessingOutput, ProcessingS3Input, ProcessingS3Output
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
from sagemaker.mlops.workflow.steps import CacheConfig, ProcessingStep

from pipelines.definition.inputs import NightlyInputs
from pipelines.steps.container import INPUTS

CODE_PATH = "/opt/ml/processing/input/code"
INPUT_PATH = "/opt/ml/processing/input"
OUTPUT_PATH = "/opt/ml/processing/output"
# Working directory of the inference image, where its own packages are.
_IMAGE_CODE = "/app"

Variables = Mapping[str, Any]

# TrainModel and EvaluateModel are pure functions of their inputs, so a night that is run again need not
# repeat them. The service's cache compares arguments and not what lies in S3: hashes of the inputs are
# among their arguments (`content_of`). Other steps read a lake or streams that grow under one name, of
# which nobody knows a hash before they have read it: they always run.
PURE = CacheConfig(enable_caching=True, expire_after="P7D")
NEVER = CacheConfig(enable_caching=False)


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


def processor(
    inputs: NightlyInputs, session: PipelineSession, image: str, module: str, *, hours: int
) -> Processor:
    """A processing container that runs ``python3 -m module`` on the packed code, for at most `hours`."""
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


def with_the_server(job: Processor, inputs: NightlyInputs) -> None:
    """Let a job of the inference image use the server's own packages and the deployment's policy.

    `inference` is not in the code bundle: what decides here is the very code that decides in real time.
    """
    job.env["PYTHONPATH"] += f":{_IMAGE_CODE}"
    if inputs.policy_file is not None:
        job.env["FRAUDLINE_POLICY_FILE"] = inputs.policy_file


def job_input(name: str, uri: Any) -> ProcessingInput:
    """Everything below an S3 prefix, in a folder of that name; one of `INPUTS`."""
    if name not in INPUTS:
        raise KeyError(name)
    return ProcessingInput(
        input_name=name,
        s3_input=ProcessingS3Input(
            s3_uri=uri, local_path=f"{INPUT_PATH}/{name}", s3_data_type="S3Prefix", s3_input_mode="File"
        ),
    )


def job_output(name: str, uri: Any) -> ProcessingOutput:
    """The folder of that name, uploaded when the job ends."""
    return ProcessingOutput(
        output_name=name,
        s3_output=ProcessingS3Output(
            s3_uri=uri, local_path=f"{OUTPUT_PATH}/{name}", s3_upload_mode="EndOfJob"
        ),
    )


def step_of(
    job: Processor,
    inputs: NightlyInputs,
    name: str,
    description: str,
    *,
    reads: Mapping[str, Any] | None = None,
    writes: Mapping[str, Any],
    arguments: Sequence[Any] | None = None,
    after: Sequence[str] = (),
    files: Sequence[PropertyFile] = (),
    cache: CacheConfig = NEVER,
) -> ProcessingStep:
    """A step of the pipeline that runs a processor on the packed code.

    Args:
        reads, writes: S3 prefixes by the names of the folders that they are in the container.
        after: names of steps that it waits for, beside those whose outputs it reads.
        files: documents among what it writes that conditions and arguments of other steps read.
    """
    step_args = job.run(
        inputs=[
            job_input("code", inputs.processing_code_uri),
            *(job_input(folder, uri) for folder, uri in (reads or {}).items()),
        ],
        outputs=[job_output(folder, uri) for folder, uri in writes.items()],
        arguments=None if arguments is None else list(arguments),
    )
    return ProcessingStep(
        name=name,
        description=description,
        step_args=step_args,
        depends_on=list(after),
        property_files=list(files),
        cache_config=cache,
        retry_policies=job_retries(),
    )


def output_of(step: ProcessingStep, name: str) -> Any:
    """Where an earlier step's output will be."""
    return step.properties.ProcessingOutputConfig.Outputs[name].S3Output.S3Uri


def night_uri(inputs: NightlyInputs, variables: Variables, name: str) -> Join:
    """``s3://<lake>/processed/training_sets/as-of=<night>/<name>``: a night that is run again replaces it."""
    folder = f"s3://{inputs.lake_bucket}/processed/training_sets/as-of="
    return Join(on="", values=[folder, variables["AsOf"], f"/{name}"])


def run_uri(inputs: NightlyInputs, area: str, name: str) -> Join:
    """``s3://<lake>/<area>/<execution id>/<name>``: never changes, so registered packages may point there."""
    return Join(
        on="/",
        values=[f"s3://{inputs.lake_bucket}/{area}", ExecutionVariables.PIPELINE_EXECUTION_ID, name],
    )
