"""AWS::Lambda::Function, AWS::Lambda::Permission and AWS::Lambda::EventInvokeConfig."""

from __future__ import annotations

import io
import zipfile
from typing import ClassVar

from mirror.api import Document
from mirror.cloudformation.coverage import Schema, whole
from mirror.cloudformation.resource import (
    Immutable,
    Outcome,
    RefusedError,
    Request,
    ResourceType,
    ignoring,
    numbers,
    tag_changes,
    tags,
)

_RETRY = ("MaximumEventAgeInSeconds", "MaximumRetryAttempts")
_CONFIGURATION = (
    "DeadLetterConfig",
    "Description",
    "Environment",
    "EphemeralStorage",
    "Handler",
    "KmsKeyArn",
    "LoggingConfig",
    "MemorySize",
    "Role",
    "Runtime",
    "Timeout",
    "TracingConfig",
)


class Function(ResourceType):
    type = "AWS::Lambda::Function"
    properties: ClassVar[Schema] = {
        **whole(
            "Architectures",
            "Description",
            "FunctionName",
            "Handler",
            "KmsKeyArn",
            "MemorySize",
            "PackageType",
            "ReservedConcurrentExecutions",
            "Role",
            "Runtime",
            "Tags",
            "Timeout",
        ),
        "Code": whole("S3Bucket", "S3Key", "S3ObjectVersion", "ZipFile"),
        "DeadLetterConfig": whole("TargetArn"),
        "Environment": whole("Variables"),
        "EphemeralStorage": whole("Size"),
        "LoggingConfig": whole("ApplicationLogLevel", "LogFormat", "LogGroup", "SystemLogLevel"),
        "TracingConfig": whole("Mode"),
    }
    attributes = frozenset({"Arn"})
    replaced_by = frozenset({"FunctionName", "PackageType"})
    name_property = "FunctionName"
    how = "moto keeps it, mirror.functions runs it"
    coverage = "partial"
    note = "Python runtimes, run by the mirror's interpreter; memory, architecture and tracing have no effect"

    def create(self, request: Request) -> Outcome:
        _check_runtime(request.properties)
        params = _configuration(request) | request.pick("Architectures", "PackageType")
        if "Tags" in request.properties:
            params["Tags"] = tags(request.properties)
        made = request.aws(
            "lambda",
            "CreateFunction",
            FunctionName=request.name,
            Code=_code(request.properties["Code"]),
            **params,
        )
        request.created(request.name)
        self._concurrency(request, request.name)
        return Outcome(request.name, {"Arn": made["FunctionArn"]})

    def update(self, request: Request) -> Outcome:
        aws, name = request.aws, request.physical_id
        _check_runtime(request.properties)
        if request.changed("Code", "Architectures"):
            params = _code(request.properties["Code"]) | request.pick("Architectures")
            aws("lambda", "UpdateFunctionCode", FunctionName=name, **params)
        if request.changed(*_CONFIGURATION):
            cleared = {"Environment": {"Variables": {}}, "Description": "", "DeadLetterConfig": {}}
            params = {key: value for key, value in cleared.items() if key in request.old}
            aws(
                "lambda",
                "UpdateFunctionConfiguration",
                FunctionName=name,
                **(params | _configuration(request)),
            )
        self._concurrency(request, name)
        added, removed = tag_changes(request)
        arn = request.attributes["Arn"]
        if added:
            aws("lambda", "TagResource", Resource=arn, Tags=added)
        if removed:
            aws("lambda", "UntagResource", Resource=arn, TagKeys=removed)
        return Outcome(name, request.attributes)

    def delete(self, request: Request) -> None:
        with ignoring("ResourceNotFoundException"):
            request.aws("lambda", "DeleteFunction", FunctionName=request.physical_id)

    def _concurrency(self, request: Request, name: str) -> None:
        if not request.changed("ReservedConcurrentExecutions"):
            return
        if "ReservedConcurrentExecutions" in request.properties:
            count = int(request.properties["ReservedConcurrentExecutions"])
            request.aws(
                "lambda", "PutFunctionConcurrency", FunctionName=name, ReservedConcurrentExecutions=count
            )
        else:
            request.aws("lambda", "DeleteFunctionConcurrency", FunctionName=name)


class Permission(Immutable):
    type = "AWS::Lambda::Permission"
    properties = whole("Action", "FunctionName", "Principal", "SourceAccount", "SourceArn")
    coverage = "partial"
    note = "stored in the function's policy; the mirror does not enforce it"

    def create(self, request: Request) -> Outcome:
        params = request.pick("Action", "FunctionName", "Principal", "SourceAccount", "SourceArn")
        request.aws("lambda", "AddPermission", StatementId=request.name, **params)
        return Outcome(request.name)

    def delete(self, request: Request) -> None:
        function = request.properties["FunctionName"]
        with ignoring("ResourceNotFoundException"):
            request.aws("lambda", "RemovePermission", FunctionName=function, StatementId=request.physical_id)


class EventInvokeConfig(ResourceType):
    type = "AWS::Lambda::EventInvokeConfig"
    properties: ClassVar[Schema] = {
        **whole("FunctionName", "MaximumEventAgeInSeconds", "MaximumRetryAttempts", "Qualifier"),
        "DestinationConfig": {"OnFailure": whole("Destination"), "OnSuccess": whole("Destination")},
    }
    replaced_by = frozenset({"FunctionName", "Qualifier"})

    def create(self, request: Request) -> Outcome:
        self._put(request)
        return Outcome(request.name)

    def update(self, request: Request) -> Outcome:
        self._put(request)
        return Outcome(request.physical_id)

    def delete(self, request: Request) -> None:
        function = request.properties["FunctionName"]
        with ignoring("ResourceNotFoundException"):
            request.aws("lambda", "DeleteFunctionEventInvokeConfig", FunctionName=function)

    def _put(self, request: Request) -> None:
        qualifier = request.properties.get("Qualifier", "$LATEST")
        if qualifier != "$LATEST":
            raise RefusedError(f"Qualifier {qualifier}: the mirror has no function versions, use $LATEST")
        params = request.pick("DestinationConfig", "FunctionName") | numbers(request.properties, *_RETRY)
        request.aws("lambda", "PutFunctionEventInvokeConfig", **params)


def _check_runtime(properties: Document) -> None:
    runtime = properties.get("Runtime", "")
    if properties.get("PackageType", "Zip") != "Zip" or not runtime.startswith("python"):
        raise RefusedError(
            f"Runtime {runtime or 'of an image'}: the mirror runs zipped Python functions only"
        )


def _configuration(request: Request) -> Document:
    found = request.pick(*_CONFIGURATION) | numbers(request.properties, "MemorySize", "Timeout")
    if "EphemeralStorage" in found:
        found["EphemeralStorage"] = numbers(found["EphemeralStorage"], "Size")
    if "KmsKeyArn" in found:
        found["KMSKeyArn"] = found.pop("KmsKeyArn")
    return found


def _code(code: Document) -> Document:
    if "ZipFile" not in code:
        return {key: code[key] for key in ("S3Bucket", "S3Key", "S3ObjectVersion") if key in code}
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr("index.py", code["ZipFile"])
    return {"ZipFile": buffer.getvalue()}
