"""Where the expressions of one execution find their values."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from mirror.api import Context, Document
from mirror.documents import utcnow
from mirror.jobs import storage
from mirror.jobs.storage import Location, StorageError
from mirror.pipelines import store
from mirror.pipelines.definition import Definition
from mirror.pipelines.errors import EvaluationError
from mirror.pipelines.expressions import Reference, follow
from mirror.timestamps import iso


class ExecutionScope:
    """Parameters, execution variables and the properties of finished steps.

    Args:
        job_names: the value of ``TrainingJobName`` or ``ProcessingJobName`` inside that job's step.
    """

    def __init__(
        self,
        ctx: Context,
        execution: Document,
        definition: Definition,
        job_names: Mapping[str, str] | None = None,
    ) -> None:
        self._ctx = ctx
        self._execution = execution
        self._definition = definition
        self._job_names = job_names or {}

    def get(self, reference: Reference) -> Any:
        if reference.scope == "Parameters":
            return self._execution["_Parameters"][reference.name]
        if reference.scope == "Execution":
            return self._variable(reference)
        if reference.path[1:2] == ("PropertyFiles",):
            return self.property_file(reference.name, str(reference.path[2]))
        return follow(self._properties(reference.name), reference.path[1:], f"Get {reference.text!r}")

    def property_file(self, step: str, name: str) -> Any:
        output, path = self._definition.steps[step].property_files[name]
        where = ("ProcessingOutputConfig", "Outputs", output, "S3Output", "S3Uri")
        folder = follow(self._properties(step), where, f"property file {name!r} of step {step!r}")
        return self.document(f"{str(folder).rstrip('/')}/{path}")

    def document(self, uri: str) -> Any:
        try:
            return json.loads(storage.read(self._ctx.account, Location.parse(uri)))
        except StorageError as error:
            raise EvaluationError(f"Std:JsonGet: {error}") from error
        except ValueError as error:
            raise EvaluationError(f"Std:JsonGet: {uri} is not JSON: {error}") from error

    def _properties(self, step: str) -> Document:
        arn = self._execution["PipelineExecutionArn"]
        found = store.steps(self._ctx).get(self._ctx.region, store.step_key(arn, step))
        if found is None or found["StepStatus"] != "Succeeded":
            raise EvaluationError(f"step {step!r} has not succeeded in this execution")
        properties: Document = found["_Properties"]
        return properties

    def _variable(self, reference: Reference) -> str:
        execution = self._execution
        if reference.name in self._job_names:
            return self._job_names[reference.name]
        values = {
            "PipelineName": execution["_PipelineName"],
            "PipelineArn": execution["PipelineArn"],
            "PipelineExecutionId": execution["_ExecutionId"],
            "PipelineExecutionArn": execution["PipelineExecutionArn"],
            "StartDateTime": iso(execution["CreationTime"]),
            "CurrentDateTime": iso(utcnow()),
        }
        if reference.name not in values:
            raise EvaluationError(f"Get {reference.text!r}: only a step that runs such a job has this name")
        return str(values[reference.name])
