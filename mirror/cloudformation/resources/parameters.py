"""AWS::SSM::Parameter."""

from __future__ import annotations

from typing import Any

from mirror.api import Document
from mirror.cloudformation.coverage import whole
from mirror.cloudformation.resource import Outcome, Request, ResourceType, ignoring


class Parameter(ResourceType):
    type = "AWS::SSM::Parameter"
    properties = whole("AllowedPattern", "DataType", "Description", "Name", "Tags", "Tier", "Type", "Value")
    attributes = frozenset({"Type", "Value"})
    replaced_by = frozenset({"Name"})
    name_property = "Name"

    def with_stack_tags(self, own: Any, stack_tags: list[Document]) -> dict[str, str]:
        return {tag["Key"]: tag["Value"] for tag in stack_tags} | (own or {})

    def create(self, request: Request) -> Outcome:
        params = request.pick("AllowedPattern", "DataType", "Description", "Tier", "Type", "Value")
        found = request.properties.get("Tags", {})
        tags = {"Tags": [{"Key": key, "Value": value} for key, value in found.items()]} if found else {}
        request.aws("ssm", "PutParameter", Name=request.name, Overwrite=False, **params, **tags)
        return self._outcome(request, request.name)

    def update(self, request: Request) -> Outcome:
        aws, name = request.aws, request.physical_id
        if request.changed("AllowedPattern", "DataType", "Description", "Tier", "Type", "Value"):
            params = request.pick("AllowedPattern", "DataType", "Description", "Tier", "Type", "Value")
            aws("ssm", "PutParameter", Name=name, Overwrite=True, **params)
        old, new = request.old.get("Tags", {}), request.properties.get("Tags", {})
        target = {"ResourceType": "Parameter", "ResourceId": name}
        added = [{"Key": key, "Value": value} for key, value in new.items() if old.get(key) != value]
        if added:
            aws("ssm", "AddTagsToResource", Tags=added, **target)
        removed = [key for key in old if key not in new]
        if removed:
            aws("ssm", "RemoveTagsFromResource", TagKeys=removed, **target)
        return self._outcome(request, name)

    def delete(self, request: Request) -> None:
        with ignoring("ParameterNotFound"):
            request.aws("ssm", "DeleteParameter", Name=request.physical_id)

    def _outcome(self, request: Request, name: str) -> Outcome:
        return Outcome(name, {"Type": request.properties["Type"], "Value": request.properties["Value"]})
