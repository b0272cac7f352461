"""The state a create or update asks for: a validated template with its parameters and tags."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from mirror.api import Document, ServiceError
from mirror.aws import Aws
from mirror.cloudformation.intrinsics import Resolver
from mirror.cloudformation.rules import check_rules
from mirror.cloudformation.store import Store
from mirror.cloudformation.templates import Parameters, parameters, parse
from mirror.cloudformation.validation import validate


@dataclass
class Desired:
    """What a stack shall become. `imports` fills with the exports the template uses."""

    body: str
    document: Document
    parameters: Parameters
    tags: list[Document]
    resolver: Resolver
    imports: set[str] = field(default_factory=set)

    @property
    def shown_parameters(self) -> list[Document]:
        """Parameters as ``DescribeStacks`` lists them."""
        shown = []
        for name, value in self.parameters.given.items():
            hidden = name in self.parameters.hidden
            item: Document = {"ParameterKey": name, "ParameterValue": "****" if hidden else value}
            resolved = self.parameters.resolved[name]
            if self.document["Parameters"][name].get("Type", "").startswith("AWS::SSM::"):
                item["ResolvedValue"] = str(resolved)
            shown.append(item)
        return shown

    @property
    def active(self) -> dict[str, Document]:
        """Resource declarations whose condition holds."""
        resources: dict[str, Document] = self.document["Resources"]
        return {name: item for name, item in resources.items() if self.resolver.active(item)}

    def outputs(self) -> list[Document]:
        """The outputs, once every resource exists."""
        found = []
        for name, declaration in (self.document.get("Outputs") or {}).items():
            if not self.resolver.active(declaration):
                continue
            value = self.resolver.resolve(declaration["Value"])
            output = {"OutputKey": name, "OutputValue": _shown(value)}
            if "Description" in declaration:
                output["Description"] = declaration["Description"]
            if "Export" in declaration:
                output["ExportName"] = str(self.resolver.resolve(declaration["Export"]["Name"]))
            found.append(output)
        return found


def _shown(value: Any) -> str:
    return ",".join(map(str, value)) if isinstance(value, list) else str(value)


def desired(
    aws: Aws, store: Store, stack: Document, body: str, params: Document, *, returning: bool = False
) -> Desired:
    """Parse, parametrise and validate `body` for `stack`.

    Args:
        params: a request with ``Parameters`` and ``Tags``; tags left out keep the stack's.
        returning: the stack goes back to what it was: its rules held then, and are not asked again.

    Raises:
        ServiceError: the template is malformed, one of its rules fails, or the mirror would not honour
            all of it.
    """
    document = parse(body)
    values = parameters(aws, document, params.get("Parameters") or [], stack["given"])
    ctx = aws.ctx
    imports: set[str] = set()

    def export(name: str) -> str:
        imports.add(name)
        for found in store.exports():
            if found["Name"] == name:
                return str(found["Value"])
        raise ServiceError("ValidationError", f"No export named {name} found.")

    pseudo = {
        "AWS::AccountId": ctx.account,
        "AWS::NoValue": None,
        "AWS::NotificationARNs": stack["NotificationARNs"],
        "AWS::Partition": "aws",
        "AWS::Region": ctx.region,
        "AWS::StackId": stack["StackId"],
        "AWS::StackName": stack["StackName"],
        "AWS::URLSuffix": "amazonaws.com",
    }
    resolver = Resolver(aws, document, pseudo, values.resolved, export)
    if not returning:
        check_rules(resolver)
    validate(resolver)
    tags = params["Tags"] if params.get("Tags") else stack["Tags"]
    return Desired(body, document, values, tags, resolver, imports)
