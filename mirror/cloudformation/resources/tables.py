"""AWS::DynamoDB::Table."""

from __future__ import annotations

from typing import ClassVar

from mirror.api import Document
from mirror.cloudformation.coverage import Schema, whole
from mirror.cloudformation.resource import (
    Outcome,
    RefusedError,
    Request,
    ResourceType,
    boolean,
    ignoring,
    numbers,
    tag_changes,
    wait_until,
)

_THROUGHPUT = whole("ReadCapacityUnits", "WriteCapacityUnits")
_KEYS = whole("AttributeName", "KeyType")
_LOCAL: Schema = {
    "IndexName": None,
    "KeySchema": _KEYS,
    "Projection": whole("NonKeyAttributes", "ProjectionType"),
}


class Table(ResourceType):
    type = "AWS::DynamoDB::Table"
    properties: ClassVar[Schema] = {
        **whole("BillingMode", "DeletionProtectionEnabled", "TableName", "Tags"),
        "AttributeDefinitions": whole("AttributeName", "AttributeType"),
        "GlobalSecondaryIndexes": {**_LOCAL, "ProvisionedThroughput": _THROUGHPUT},
        "KeySchema": _KEYS,
        "LocalSecondaryIndexes": _LOCAL,
        "PointInTimeRecoverySpecification": whole("PointInTimeRecoveryEnabled"),
        "ProvisionedThroughput": _THROUGHPUT,
        "SSESpecification": whole("KMSMasterKeyId", "SSEEnabled", "SSEType"),
        "StreamSpecification": whole("StreamViewType"),
        "TimeToLiveSpecification": whole("AttributeName", "Enabled"),
    }
    attributes = frozenset({"Arn", "StreamArn"})
    replaced_by = frozenset({"KeySchema", "LocalSecondaryIndexes", "TableName"})
    name_property = "TableName"
    name_limit = 255
    note = "time to live is stored and readable; items do not expire"

    def create(self, request: Request) -> Outcome:
        properties = request.properties
        params = request.pick(
            "AttributeDefinitions", "BillingMode", "KeySchema", "LocalSecondaryIndexes", "Tags"
        )
        if "GlobalSecondaryIndexes" in properties:
            params["GlobalSecondaryIndexes"] = [
                _index(index) for index in properties["GlobalSecondaryIndexes"]
            ]
        if "ProvisionedThroughput" in properties:
            params["ProvisionedThroughput"] = _throughput(properties)
        if "SSESpecification" in properties:
            params["SSESpecification"] = _encryption(properties)
        if "StreamSpecification" in properties:
            params["StreamSpecification"] = {"StreamEnabled": True, **properties["StreamSpecification"]}
        if "DeletionProtectionEnabled" in properties:
            params["DeletionProtectionEnabled"] = boolean(properties["DeletionProtectionEnabled"])
        request.aws("dynamodb", "CreateTable", TableName=request.name, **params)
        request.created(request.name)
        self._settle(request, request.name)
        return self._outcome(request, request.name)

    def update(self, request: Request) -> Outcome:
        aws, name, new = request.aws, request.physical_id, request.properties
        if request.changed("AttributeDefinitions", "GlobalSecondaryIndexes"):
            raise RefusedError(f"table {name}: the mirror cannot change the indexes of an existing table")
        params: Document = {}
        if request.changed("BillingMode", "ProvisionedThroughput"):
            params["BillingMode"] = new.get("BillingMode", "PROVISIONED")
            if params["BillingMode"] == "PROVISIONED":
                params["ProvisionedThroughput"] = _throughput(new)
        if request.changed("SSESpecification"):
            params["SSESpecification"] = _encryption(new)
        if request.changed("StreamSpecification"):
            on = "StreamSpecification" in new
            params["StreamSpecification"] = {"StreamEnabled": on, **new.get("StreamSpecification", {})}
        if request.changed("DeletionProtectionEnabled"):
            params["DeletionProtectionEnabled"] = boolean(new.get("DeletionProtectionEnabled", False))
        if params:
            aws("dynamodb", "UpdateTable", TableName=name, **params)
        self._settle(request, name)
        arn = request.attributes["Arn"]
        added, removed = tag_changes(request)
        if added:
            found = [{"Key": key, "Value": value} for key, value in added.items()]
            aws("dynamodb", "TagResource", ResourceArn=arn, Tags=found)
        if removed:
            aws("dynamodb", "UntagResource", ResourceArn=arn, TagKeys=removed)
        return self._outcome(request, name)

    def delete(self, request: Request) -> None:
        with ignoring("ResourceNotFoundException"):
            request.aws("dynamodb", "DeleteTable", TableName=request.physical_id)

    def _settle(self, request: Request, name: str) -> None:
        aws, new = request.aws, request.properties

        def active() -> bool:
            table = aws("dynamodb", "DescribeTable", TableName=name)["Table"]
            return bool(table["TableStatus"] == "ACTIVE")

        wait_until(active, f"table {name}")
        if request.changed("TimeToLiveSpecification"):
            found = new.get("TimeToLiveSpecification") or request.old["TimeToLiveSpecification"]
            enabled = "TimeToLiveSpecification" in new and boolean(found.get("Enabled", True))
            specification = {"AttributeName": found["AttributeName"], "Enabled": enabled}
            aws("dynamodb", "UpdateTimeToLive", TableName=name, TimeToLiveSpecification=specification)
        if request.changed("PointInTimeRecoverySpecification"):
            recovery = new.get("PointInTimeRecoverySpecification", {})
            enabled = boolean(recovery.get("PointInTimeRecoveryEnabled", False))
            aws(
                "dynamodb",
                "UpdateContinuousBackups",
                TableName=name,
                PointInTimeRecoverySpecification={"PointInTimeRecoveryEnabled": enabled},
            )

    def _outcome(self, request: Request, name: str) -> Outcome:
        table = request.aws("dynamodb", "DescribeTable", TableName=name)["Table"]
        attributes = {"Arn": table["TableArn"]}
        if "LatestStreamArn" in table:
            attributes["StreamArn"] = table["LatestStreamArn"]
        return Outcome(name, attributes)


def _throughput(properties: Document) -> Document:
    return numbers(properties["ProvisionedThroughput"], "ReadCapacityUnits", "WriteCapacityUnits")


def _index(index: Document) -> Document:
    throughput = {"ProvisionedThroughput": _throughput(index)} if "ProvisionedThroughput" in index else {}
    return index | throughput


def _encryption(properties: Document) -> Document:
    found = properties.get("SSESpecification", {"SSEEnabled": False})
    shaped = {"Enabled": boolean(found["SSEEnabled"])}
    return shaped | {name: found[name] for name in ("SSEType", "KMSMasterKeyId") if name in found}
