"""Custom resources, and the CDK's metadata marker."""

from __future__ import annotations

import json
from uuid import uuid4

from mirror.api import Document, ServiceError
from mirror.cloudformation import responses
from mirror.cloudformation.coverage import whole
from mirror.cloudformation.resource import Outcome, RefusedError, Request, ResourceType
from mirror.functions import start as start_function


class CustomResource(ResourceType):
    """Every ``Custom::`` type and ``AWS::CloudFormation::CustomResource``: a Lambda function."""

    type = "AWS::CloudFormation::CustomResource"
    properties = None
    attributes = None
    replaced_by = frozenset({"ServiceToken"})
    how = "mirror.functions runs the function of ServiceToken; it answers at a real ResponseURL"

    def create(self, request: Request) -> Outcome:
        answer = self._ask(request, "Create")
        return Outcome(_id(answer, request), answer.get("Data") or {})

    def update(self, request: Request) -> Outcome:
        answer = self._ask(request, "Update")
        return Outcome(_id(answer, request), answer.get("Data") or {})

    def delete(self, request: Request) -> None:
        self._ask(request, "Delete")

    def _ask(self, request: Request, kind: str) -> Document:
        token = request.properties["ServiceToken"]
        if ":lambda:" not in token:
            raise RefusedError(
                f"ServiceToken {token}: the mirror runs custom resources by Lambda function only"
            )
        timeout = float(request.properties.get("ServiceTimeout", 3600))
        with responses.expect(request.ctx.cloud) as answer:
            event: Document = {
                "RequestType": kind,
                "RequestId": str(uuid4()),
                "ResponseURL": answer.url,
                "ResourceType": request.type,
                "LogicalResourceId": request.logical_id,
                "StackId": request.stack_id,
                "ServiceToken": token,
                "ResourceProperties": _as_text(request.properties),
            }
            if request.physical_id:
                event["PhysicalResourceId"] = request.physical_id
            if kind == "Update":
                event["OldResourceProperties"] = _as_text(request.old)
            invocation = start_function(request.ctx, token, event)
            found = answer.wait(timeout, invocation)
        if found.get("Status") != "SUCCESS":
            if kind == "Create" and found.get("PhysicalResourceId"):
                request.created(found["PhysicalResourceId"])
            raise RefusedError(
                f"Received response status [FAILED] from custom resource. {found.get('Reason', '')}"
            )
        return found


def _id(answer: Document, request: Request) -> str:
    found = answer.get("PhysicalResourceId") or request.physical_id
    if not found:
        raise ServiceError("ValidationError", f"{request.logical_id}: the response has no PhysicalResourceId")
    return str(found)


def _as_text(value: object) -> object:
    """CloudFormation hands every scalar to the function as text."""
    if isinstance(value, dict):
        return {key: _as_text(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_as_text(item) for item in value]
    return value if isinstance(value, str) else json.dumps(value)


class Metadata(ResourceType):
    """The CDK's record of the constructs used: it has no effect on AWS either."""

    type = "AWS::CDK::Metadata"
    properties = whole("Analytics")
    how = "no effect, as on AWS"

    def create(self, request: Request) -> Outcome:
        return Outcome(request.name)

    def update(self, request: Request) -> Outcome:
        return Outcome(request.physical_id)

    def delete(self, request: Request) -> None:
        """There is nothing to delete."""
