"""AWS::KMS::Key and AWS::KMS::Alias."""

from __future__ import annotations

import json
from typing import Any

from mirror.api import Document
from mirror.cloudformation.coverage import whole
from mirror.cloudformation.resource import (
    Outcome,
    RefusedError,
    Request,
    ResourceType,
    boolean,
    ignoring,
    tag_changes,
)


class Key(ResourceType):
    type = "AWS::KMS::Key"
    properties = whole(
        "Description",
        "EnableKeyRotation",
        "Enabled",
        "KeyPolicy",
        "KeySpec",
        "KeyUsage",
        "MultiRegion",
        "PendingWindowInDays",
        "RotationPeriodInDays",
        "Tags",
    )
    attributes = frozenset({"Arn", "KeyId"})

    def needs_replacement(self, old: Document, new: Document) -> bool:
        """Never; raises RefusedError where AWS refuses the change too."""
        for name in ("KeySpec", "KeyUsage", "MultiRegion"):
            if old.get(name) != new.get(name):
                raise RefusedError(f"{name} of a key cannot change: create a new key")
        return False

    def create(self, request: Request) -> Outcome:
        params = request.pick("Description", "KeySpec", "KeyUsage", "MultiRegion")
        if "KeyPolicy" in request.properties:
            params["Policy"] = json.dumps(request.properties["KeyPolicy"])
        if "Tags" in request.properties:
            params["Tags"] = _tags(request.properties["Tags"])
        made = request.aws("kms", "CreateKey", **params)["KeyMetadata"]
        request.created(made["KeyId"])
        self._switch(request, made["KeyId"])
        return Outcome(made["KeyId"], {"Arn": made["Arn"], "KeyId": made["KeyId"]})

    def update(self, request: Request) -> Outcome:
        aws, key = request.aws, request.physical_id
        if request.changed("Description"):
            aws(
                "kms",
                "UpdateKeyDescription",
                KeyId=key,
                Description=request.properties.get("Description", ""),
            )
        if request.changed("KeyPolicy") and "KeyPolicy" in request.properties:
            policy = json.dumps(request.properties["KeyPolicy"])
            aws("kms", "PutKeyPolicy", KeyId=key, PolicyName="default", Policy=policy)
        self._switch(request, key)
        added, removed = tag_changes(request)
        if added:
            aws(
                "kms", "TagResource", KeyId=key, Tags=[{"TagKey": k, "TagValue": v} for k, v in added.items()]
            )
        if removed:
            aws("kms", "UntagResource", KeyId=key, TagKeys=removed)
        return Outcome(key, request.attributes)

    def delete(self, request: Request) -> None:
        days = int(request.properties.get("PendingWindowInDays", 30))
        with ignoring("NotFoundException", "KMSInvalidStateException"):
            request.aws("kms", "ScheduleKeyDeletion", KeyId=request.physical_id, PendingWindowInDays=days)

    def _switch(self, request: Request, key: str) -> None:
        new = request.properties
        if request.changed("EnableKeyRotation", "RotationPeriodInDays"):
            if boolean(new.get("EnableKeyRotation", False)):
                period: Document = {}
                if "RotationPeriodInDays" in new:
                    period["RotationPeriodInDays"] = int(new["RotationPeriodInDays"])
                request.aws("kms", "EnableKeyRotation", KeyId=key, **period)
            else:
                request.aws("kms", "DisableKeyRotation", KeyId=key)
        if request.changed("Enabled"):
            operation = "EnableKey" if boolean(new.get("Enabled", True)) else "DisableKey"
            request.aws("kms", operation, KeyId=key)


class Alias(ResourceType):
    type = "AWS::KMS::Alias"
    properties = whole("AliasName", "TargetKeyId")
    replaced_by = frozenset({"AliasName"})

    def create(self, request: Request) -> Outcome:
        properties = request.properties
        request.aws("kms", "CreateAlias", AliasName=properties["AliasName"], TargetKeyId=_key(properties))
        return Outcome(properties["AliasName"])

    def update(self, request: Request) -> Outcome:
        request.aws("kms", "UpdateAlias", AliasName=request.physical_id, TargetKeyId=_key(request.properties))
        return Outcome(request.physical_id)

    def delete(self, request: Request) -> None:
        with ignoring("NotFoundException"):
            request.aws("kms", "DeleteAlias", AliasName=request.physical_id)


def _key(properties: Document) -> str:
    return str(properties["TargetKeyId"]).rpartition("key/")[2]


def _tags(found: list[Document]) -> list[dict[str, Any]]:
    return [{"TagKey": tag["Key"], "TagValue": tag["Value"]} for tag in found]
