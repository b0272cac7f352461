"""Stacks, their resources, events and change sets, as durable documents."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from typing import Any
from uuid import uuid4

from mirror.api import Context, Document, ServiceError
from mirror.documents import utcnow

GONE = "DELETE_COMPLETE"
_beginning = threading.Lock()


class Store:
    """The CloudFormation state of one region."""

    def __init__(self, ctx: Context) -> None:
        documents = ctx.cloud.documents
        self.region = ctx.region
        self._stacks = documents.collection("cloudformation-stack")
        self._resources = documents.collection("cloudformation-resource")
        self._events = documents.collection("cloudformation-event")
        self._change_sets = documents.collection("cloudformation-change-set")

    def stacks(self) -> list[Document]:
        return sorted(self._stacks.values(self.region), key=lambda stack: stack["CreationTime"])

    def live_stacks(self) -> list[Document]:
        return [stack for stack in self.stacks() if stack["StackStatus"] != GONE]

    def find(self, name_or_id: str) -> Document | None:
        """A stack by id, deleted ones included, or a live one by name."""
        if name_or_id.startswith("arn:"):
            return self._stacks.get(self.region, name_or_id)
        return next((stack for stack in self.live_stacks() if stack["StackName"] == name_or_id), None)

    def stack(self, name_or_id: str) -> Document:
        """Raises ServiceError when there is no such stack, in the words the CDK looks for."""
        found = self.find(name_or_id)
        if found is None:
            raise ServiceError("ValidationError", f"Stack with id {name_or_id} does not exist")
        return found

    def put_stack(self, stack: Document) -> None:
        self._stacks.put(self.region, stack["StackId"], stack)

    def begin(self, stack: Document, status: str, token: str = "") -> None:
        """Put `stack` in progress, if it still is as it was read: of two requests at once one gets it.

        Raises:
            ServiceError: another operation began since, or another stack took the name.
        """
        with _beginning:
            found = self.find(stack["StackId"])
            if found is None and self.find(stack["StackName"]):
                raise exists(stack)
            if found is not None and found != stack:
                raise busy(found) if in_progress(found) else _changed(found)
            self.set_status(stack, status, "User Initiated", token)

    def set_status(self, stack: Document, status: str, reason: str = "", token: str = "") -> None:
        """Move a stack to `status`, with the event that tells of it."""
        stack["StackStatus"] = status
        stack["StackStatusReason"] = reason
        if status == GONE:
            stack["DeletionTime"] = utcnow()
        self.put_stack(stack)
        self.add_event(
            stack,
            {
                "LogicalResourceId": stack["StackName"],
                "PhysicalResourceId": stack["StackId"],
                "ResourceType": "AWS::CloudFormation::Stack",
                "ResourceStatus": status,
                "ResourceStatusReason": reason,
            },
            token,
        )

    def resources(self, stack_id: str) -> list[Document]:
        return self._resources.values(self.region, f"{stack_id}/")

    def put_resource(self, stack: Document, row: Document) -> None:
        self._resources.put(self.region, f"{stack['StackId']}/{row['LogicalResourceId']}", row)

    def drop_resource(self, stack: Document, row: Document) -> None:
        self._resources.delete(self.region, f"{stack['StackId']}/{row['LogicalResourceId']}")

    def add_event(self, stack: Document, about: Document, token: str = "") -> None:
        event: Document = {
            "StackId": stack["StackId"],
            "StackName": stack["StackName"],
            "EventId": str(uuid4()),
            "Timestamp": utcnow(),
            "LogicalResourceId": about["LogicalResourceId"],
            "PhysicalResourceId": about.get("PhysicalResourceId", ""),
            "ResourceType": about["ResourceType"],
            "ResourceStatus": about["ResourceStatus"],
        }
        if about.get("ResourceStatusReason"):
            event["ResourceStatusReason"] = about["ResourceStatusReason"]
        if token:
            event["ClientRequestToken"] = token
        self._events.put(self.region, f"{stack['StackId']}/{time.time_ns():020d}-{event['EventId']}", event)

    def events(self, stack_id: str) -> list[Document]:
        """Newest first."""
        return self._events.values(self.region, f"{stack_id}/")[::-1]

    def change_sets(self, stack_id: str) -> list[Document]:
        return self._change_sets.values(self.region, f"{stack_id}/")

    def put_change_set(self, change_set: Document) -> None:
        key = f"{change_set['StackId']}/{change_set['ChangeSetName']}"
        self._change_sets.put(self.region, key, change_set)

    def change_set(self, name: str, stack_name: str | None) -> Document:
        """A change set by ARN, or by name within a stack."""
        for stack in self.live_stacks():
            if stack_name and stack_name not in (stack["StackName"], stack["StackId"]):
                continue
            for found in self.change_sets(stack["StackId"]):
                if name in (found["ChangeSetName"], found["ChangeSetId"]):
                    return found
        raise ServiceError("ChangeSetNotFound", f"ChangeSet [{name}] does not exist", 404)

    def drop_change_set(self, change_set: Document) -> None:
        key = f"{change_set['StackId']}/{change_set['ChangeSetName']}"
        self._change_sets.delete(self.region, key)

    def drop_change_sets(self, stack_id: str) -> None:
        for change_set in self.change_sets(stack_id):
            self.drop_change_set(change_set)

    def exports(self) -> Iterator[Document]:
        """Exports of the region's stacks, in the shape of ``ListExports``."""
        for stack in self.live_stacks():
            for output in stack["Outputs"]:
                if "ExportName" in output:
                    yield {
                        "ExportingStackId": stack["StackId"],
                        "Name": output["ExportName"],
                        "Value": output["OutputValue"],
                    }

    def importers(self, export: str) -> list[str]:
        """Names of the stacks that import `export`."""
        return [stack["StackName"] for stack in self.live_stacks() if export in stack["imports"]]


def in_progress(stack: Document) -> bool:
    """Whether an operation runs on the stack; a stack in review waits for its first one."""
    status = str(stack["StackStatus"])
    return status.endswith("_IN_PROGRESS") and status != "REVIEW_IN_PROGRESS"


def busy(stack: Document) -> ServiceError:
    """The service's answer to a change that the stack's status does not allow."""
    return ServiceError(
        "ValidationError",
        f"Stack:{stack['StackId']} is in {stack['StackStatus']} state and can not be updated.",
    )


def exists(stack: Document) -> ServiceError:
    """The service's answer to the creation of a stack under a name that is taken."""
    return ServiceError("AlreadyExistsException", f"Stack [{stack['StackName']}] already exists")


def _changed(stack: Document) -> ServiceError:
    return ServiceError(
        "ValidationError",
        f"Stack:{stack['StackId']} was changed by another request meanwhile and is in "
        f"{stack['StackStatus']} state; send the request again.",
    )


def new_stack(ctx: Context, name: str, status: str, **fields: Any) -> Document:
    """A stack document without resources."""
    return {
        "StackId": ctx.arn("cloudformation", f"stack/{name}/{uuid4()}"),
        "StackName": name,
        "StackStatus": status,
        "StackStatusReason": "",
        "CreationTime": utcnow(),
        "Parameters": [],
        "given": {},
        "Tags": [],
        "Outputs": [],
        "imports": [],
        "template": "",
        "DisableRollback": False,
        "EnableTerminationProtection": False,
        "Capabilities": [],
        "NotificationARNs": [],
        **fields,
    }
