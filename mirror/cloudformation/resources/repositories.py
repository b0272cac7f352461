"""AWS::ECR::Repository."""

from __future__ import annotations

import json
from typing import Any, ClassVar

from mirror.cloudformation.coverage import Schema, whole
from mirror.cloudformation.resource import Outcome, Request, ResourceType, boolean, ignoring, tag_changes


class Repository(ResourceType):
    type = "AWS::ECR::Repository"
    properties: ClassVar[Schema] = {
        **whole("EmptyOnDelete", "ImageTagMutability", "RepositoryName", "RepositoryPolicyText", "Tags"),
        "EncryptionConfiguration": whole("EncryptionType", "KmsKey"),
        "ImageScanningConfiguration": whole("ScanOnPush"),
        "LifecyclePolicy": whole("LifecyclePolicyText"),
    }
    attributes = frozenset({"Arn", "RepositoryUri"})
    replaced_by = frozenset({"EncryptionConfiguration", "RepositoryName"})
    name_property = "RepositoryName"
    lower_case_name = True
    note = "scanning and lifecycle are stored and readable; the mirror does not run them"

    def create(self, request: Request) -> Outcome:
        params = request.pick("ImageTagMutability", "EncryptionConfiguration", "Tags")
        params["tags"] = params.pop("Tags", [])
        shaped: dict[str, Any] = {key[0].lower() + key[1:]: value for key, value in params.items()}
        if "encryptionConfiguration" in shaped:
            found = shaped["encryptionConfiguration"]
            shaped["encryptionConfiguration"] = {key[0].lower() + key[1:]: found[key] for key in found}
        made = request.aws("ecr", "CreateRepository", repositoryName=request.name, **shaped)["repository"]
        request.created(request.name)
        self._settle(request, request.name)
        return Outcome(request.name, {"Arn": made["repositoryArn"], "RepositoryUri": made["repositoryUri"]})

    def update(self, request: Request) -> Outcome:
        aws, name = request.aws, request.physical_id
        if request.changed("ImageTagMutability"):
            mutability = request.properties.get("ImageTagMutability", "MUTABLE")
            aws("ecr", "PutImageTagMutability", repositoryName=name, imageTagMutability=mutability)
        self._settle(request, name)
        added, removed = tag_changes(request)
        arn = request.attributes["Arn"]
        if added:
            found = [{"Key": key, "Value": value} for key, value in added.items()]
            aws("ecr", "TagResource", resourceArn=arn, tags=found)
        if removed:
            aws("ecr", "UntagResource", resourceArn=arn, tagKeys=removed)
        return Outcome(name, request.attributes)

    def delete(self, request: Request) -> None:
        force = boolean(request.properties.get("EmptyOnDelete", False))
        with ignoring("RepositoryNotFoundException"):
            request.aws("ecr", "DeleteRepository", repositoryName=request.physical_id, force=force)

    def _settle(self, request: Request, name: str) -> None:
        aws, new = request.aws, request.properties
        if request.changed("ImageScanningConfiguration"):
            scan = boolean(new.get("ImageScanningConfiguration", {}).get("ScanOnPush", False))
            aws(
                "ecr",
                "PutImageScanningConfiguration",
                repositoryName=name,
                imageScanningConfiguration={"scanOnPush": scan},
            )
        if request.changed("LifecyclePolicy"):
            text = new.get("LifecyclePolicy", {}).get("LifecyclePolicyText")
            if text:
                aws("ecr", "PutLifecyclePolicy", repositoryName=name, lifecyclePolicyText=text)
            else:
                aws("ecr", "DeleteLifecyclePolicy", repositoryName=name)
        if request.changed("RepositoryPolicyText"):
            if "RepositoryPolicyText" in new:
                policy = json.dumps(new["RepositoryPolicyText"])
                aws("ecr", "SetRepositoryPolicy", repositoryName=name, policyText=policy)
            else:
                aws("ecr", "DeleteRepositoryPolicy", repositoryName=name)
