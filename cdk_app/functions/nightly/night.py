"""What happened in one execution: its steps, what they wrote, and the package that it registered."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from cdk_app.functions.nightly.documents import read_json

BUILD, TRAIN, EVALUATE = "BuildFeatures", "TrainModel", "EvaluateModel"
DATA_REJECTION = "RejectData"
"""Steps of `pipelines.definition` that this function knows by name."""

Document = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Written:
    """The JSON document that a step wrote, and the page for people beside it."""

    folder: str
    page: str
    document: Document

    @property
    def page_uri(self) -> str:
        return f"{self.folder}/{self.page}"


@dataclass(frozen=True, slots=True)
class Night:
    """An execution that has ended.

    Attributes:
        as_of: the night's name.
        status: ``Succeeded``, ``Failed`` or ``Stopped``.
        steps: SageMaker's descriptions by name, in the order they started.
        quality: what the checks of the data found; None where BuildFeatures did not get so far.
        evaluation: what the model did on the test window; None where it was not evaluated.
        package: the registered model package as SageMaker describes it; None where nothing was registered.
    """

    execution: str
    as_of: str
    status: str
    steps: Mapping[str, Document]
    quality: Written | None
    evaluation: Written | None
    package: Document | None

    @property
    def rejection(self) -> Document | None:
        """The Fail step that was reached."""
        return next((step for step in self.steps.values() if "Fail" in step.get("Metadata", {})), None)

    @property
    def failed(self) -> Document | None:
        """The first step that failed by itself."""
        failed = (step for step in self.steps.values() if step["StepStatus"] == "Failed")
        return next((step for step in failed if "Fail" not in step.get("Metadata", {})), None)


def read_night(sagemaker: Any, s3: Any, execution: str) -> Night:
    """The execution of that ARN.

    Documents are read only where their step succeeded in this execution: a night's folder may still hold
    those of an earlier one.
    """
    described = sagemaker.describe_pipeline_execution(PipelineExecutionArn=execution)
    steps = {
        step["StepName"]: step
        for step in _every(
            sagemaker, "list_pipeline_execution_steps", "PipelineExecutionSteps",
            PipelineExecutionArn=execution, SortOrder="Ascending",
        )
    }  # fmt: skip
    parameters = _every(
        sagemaker,
        "list_pipeline_parameters_for_execution",
        "PipelineParameters",
        PipelineExecutionArn=execution,
    )
    values = {item["Name"]: item["Value"] for item in parameters}
    registered = [step["Metadata"]["RegisterModel"]["Arn"] for step in steps.values() if _registers(step)]
    return Night(
        execution=execution,
        as_of=values.get("AsOf", "an unnamed night"),
        status=described["PipelineExecutionStatus"],
        steps=steps,
        quality=_written(sagemaker, s3, steps.get(BUILD), "quality", "quality.html"),
        evaluation=_written(sagemaker, s3, steps.get(EVALUATE), "evaluation", "report.html"),
        package=sagemaker.describe_model_package(ModelPackageName=registered[-1]) if registered else None,
    )


def job_of(step: Document | None, kind: str) -> str | None:
    """ARN of the step's ``ProcessingJob`` or ``TrainingJob``; of an earlier execution's on a cache hit."""
    arn: str | None = (step or {}).get("Metadata", {}).get(kind, {}).get("Arn")
    return arn


def _registers(step: Document) -> bool:
    return step["StepStatus"] == "Succeeded" and "RegisterModel" in step.get("Metadata", {})


def _written(sagemaker: Any, s3: Any, step: Document | None, output: str, page: str) -> Written | None:
    """What is in the output of that name of a processing job, which has a JSON file of the same name."""
    job = job_of(step, "ProcessingJob")
    if step is None or step["StepStatus"] != "Succeeded" or job is None:
        return None
    described = sagemaker.describe_processing_job(ProcessingJobName=job.rpartition("/")[2])
    outputs = {item["OutputName"]: item for item in described["ProcessingOutputConfig"]["Outputs"]}
    folder = outputs[output]["S3Output"]["S3Uri"].rstrip("/")
    return Written(folder, page, read_json(s3, f"{folder}/{output}.json"))


def _every(sagemaker: Any, operation: str, member: str, **request: str) -> list[Document]:
    pages = sagemaker.get_paginator(operation).paginate(**request)
    return [item for page in pages for item in page[member]]
