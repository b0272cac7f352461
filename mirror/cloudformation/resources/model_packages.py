"""AWS::SageMaker::ModelPackageGroup."""

from __future__ import annotations

import json

from mirror.cloudformation.coverage import whole
from mirror.cloudformation.resource import Outcome, Request, ResourceType, ignoring
from mirror.cloudformation.resources.sagemaker_tags import retag


class ModelPackageGroup(ResourceType):
    type = "AWS::SageMaker::ModelPackageGroup"
    properties = whole(
        "ModelPackageGroupDescription", "ModelPackageGroupName", "ModelPackageGroupPolicy", "Tags"
    )
    attributes = frozenset({"CreationTime", "ModelPackageGroupArn", "ModelPackageGroupStatus"})
    replaced_by = frozenset({"ModelPackageGroupDescription", "ModelPackageGroupName"})
    name_property = "ModelPackageGroupName"
    how = "mirror.registry"

    def create(self, request: Request) -> Outcome:
        params = request.pick("ModelPackageGroupDescription", "Tags")
        request.aws("sagemaker", "CreateModelPackageGroup", ModelPackageGroupName=request.name, **params)
        request.created(request.ctx.arn("sagemaker", f"model-package-group/{request.name}"))
        self._policy(request, request.name)
        return self._outcome(request, request.name)

    def update(self, request: Request) -> Outcome:
        name = request.physical_id.rpartition("/")[2]
        self._policy(request, name)
        retag(request, request.physical_id)
        return self._outcome(request, name)

    def delete(self, request: Request) -> None:
        name = request.physical_id.rpartition("/")[2]
        with ignoring("ResourceNotFound", "ValidationException"):
            request.aws("sagemaker", "DescribeModelPackageGroup", ModelPackageGroupName=name)
            request.aws("sagemaker", "DeleteModelPackageGroup", ModelPackageGroupName=name)

    def _policy(self, request: Request, name: str) -> None:
        if not request.changed("ModelPackageGroupPolicy"):
            return
        if "ModelPackageGroupPolicy" in request.properties:
            policy = json.dumps(request.properties["ModelPackageGroupPolicy"])
            request.aws(
                "sagemaker", "PutModelPackageGroupPolicy", ModelPackageGroupName=name, ResourcePolicy=policy
            )
        else:
            request.aws("sagemaker", "DeleteModelPackageGroupPolicy", ModelPackageGroupName=name)

    def _outcome(self, request: Request, name: str) -> Outcome:
        found = request.aws("sagemaker", "DescribeModelPackageGroup", ModelPackageGroupName=name)
        arn = found["ModelPackageGroupArn"]
        return Outcome(
            arn,
            {
                "CreationTime": str(found["CreationTime"]),
                "ModelPackageGroupArn": arn,
                "ModelPackageGroupStatus": found["ModelPackageGroupStatus"],
            },
        )
