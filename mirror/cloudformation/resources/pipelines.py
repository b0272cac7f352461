"""AWS::SageMaker::Pipeline."""

from __future__ import annotations

import json
from typing import ClassVar

from mirror.api import Document
from mirror.cloudformation.coverage import Schema, whole
from mirror.cloudformation.resource import Outcome, Request, ResourceType, ignoring, numbers
from mirror.cloudformation.resources.sagemaker_tags import retag


class Pipeline(ResourceType):
    type = "AWS::SageMaker::Pipeline"
    properties: ClassVar[Schema] = {
        **whole("PipelineDescription", "PipelineDisplayName", "PipelineName", "RoleArn", "Tags"),
        "ParallelismConfiguration": whole("MaxParallelExecutionSteps"),
        "PipelineDefinition": {
            "PipelineDefinitionBody": None,
            "PipelineDefinitionS3Location": whole("Bucket", "Key", "Version"),
        },
    }
    replaced_by = frozenset({"PipelineName"})
    name_property = "PipelineName"
    name_limit = 256
    how = "mirror.pipelines"

    def create(self, request: Request) -> Outcome:
        params = self._params(request) | request.pick("Tags")
        token = f"{request.stack_name}-{request.name}".ljust(32, "-")[:128]
        request.aws(
            "sagemaker", "CreatePipeline", PipelineName=request.name, ClientRequestToken=token, **params
        )
        return Outcome(request.name)

    def update(self, request: Request) -> Outcome:
        aws, name = request.aws, request.physical_id
        aws("sagemaker", "UpdatePipeline", PipelineName=name, **self._params(request))
        retag(request, request.ctx.arn("sagemaker", f"pipeline/{name}"))
        return Outcome(name)

    def delete(self, request: Request) -> None:
        token = f"delete-{request.physical_id}".ljust(32, "-")[:128]
        with ignoring("ResourceNotFound"):
            request.aws(
                "sagemaker", "DeletePipeline", PipelineName=request.physical_id, ClientRequestToken=token
            )

    def _params(self, request: Request) -> Document:
        params = request.pick("PipelineDescription", "PipelineDisplayName", "RoleArn")
        definition = request.properties["PipelineDefinition"]
        if "PipelineDefinitionBody" in definition:
            body = definition["PipelineDefinitionBody"]
            params["PipelineDefinition"] = body if isinstance(body, str) else json.dumps(body)
        else:
            at = definition["PipelineDefinitionS3Location"]
            location = {"Bucket": at["Bucket"], "ObjectKey": at["Key"]}
            if "Version" in at:
                location["VersionId"] = at["Version"]
            params["PipelineDefinitionS3Location"] = location
        if "ParallelismConfiguration" in request.properties:
            steps = numbers(request.properties["ParallelismConfiguration"], "MaxParallelExecutionSteps")
            params["ParallelismConfiguration"] = steps
        return params
