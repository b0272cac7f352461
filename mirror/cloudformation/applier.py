"""Brings one resource of a stack into its desired state, and knows how to undo it."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Literal

from mirror.api import Document, ServiceError
from mirror.aws import Aws
from mirror.cloudformation.desired import Desired
from mirror.cloudformation.graph import dependencies
from mirror.cloudformation.resource import Outcome, RefusedError, Request, ResourceType
from mirror.cloudformation.store import Store
from mirror.cloudformation.types import resource_type
from mirror.documents import utcnow

log = logging.getLogger(__name__)


class StepError(Exception):
    """A resource could not be brought into its desired state."""

    def __init__(self, logical_id: str, reason: str) -> None:
        super().__init__(f"{logical_id}: {reason}")
        self.logical_id = logical_id
        self.reason = reason


@dataclass(frozen=True, slots=True)
class Done:
    """One change that was made, or began: the resource before and after it."""

    kind: Literal["created", "updated", "replaced"]
    before: Document | None
    after: Document


@dataclass
class Applier:
    """Applies resources of one stack during one operation.

    Args:
        undoing: the operation takes back an interrupted one; what cannot be taken back stays.
        journal: what was done, in order.
    """

    aws: Aws
    store: Store
    stack: Document
    token: str = ""
    undoing: bool = False
    journal: list[Done] = field(default_factory=list)

    def apply(self, logical_id: str, desired: Desired, existing: Document | None) -> None:
        """Create the resource, or change it where its resolved properties differ.

        Raises:
            StepError: an API refused, or the change is one the type does not make.
        """
        declaration = desired.document["Resources"][logical_id]
        row = self._row(logical_id, declaration, desired, existing)
        try:
            row["properties"] = desired_properties(declaration, desired)
        except ServiceError as error:
            raise self._failed(row, "CREATE" if existing is None else "UPDATE", error.message) from error
        if existing is None:
            self._create(row, None)
        elif existing["ResourceType"] != row["ResourceType"]:
            raise self._failed(row, "UPDATE", "Update of resource type is not permitted.")
        elif row["properties"] != existing["properties"] or existing["ResourceStatus"].endswith("_FAILED"):
            self._change(row, existing)
        else:
            self.store.put_resource(self.stack, row)
        desired.resolver.resources[logical_id] = Outcome(row["PhysicalResourceId"], row["attributes"])

    def delete(self, row: Document, *, policy: str, keep_row: bool = False) -> None:
        """Delete a resource unless `policy` retains it.

        Args:
            keep_row: the row under this logical id describes another resource, so it stays.

        Raises:
            StepError: the resource could not be deleted.
        """
        row = dict(row)
        if policy != "Delete":
            self._status(row, "DELETE_SKIPPED", stored=not keep_row)
        elif row["PhysicalResourceId"]:
            self._status(row, "DELETE_IN_PROGRESS", stored=not keep_row)
            with self._reporting(row, "DELETE"):
                _kind(row["ResourceType"]).delete(self._request(row))
            self._status(row, "DELETE_COMPLETE", stored=not keep_row)
        if not keep_row:
            self.store.drop_resource(self.stack, row)

    def undo(self, done: Done) -> None:
        """Take one change back.

        Raises:
            StepError: the resource could not be brought back.
        """
        if done.before is None:
            retained = done.after["deletion_policy"] == "Retain"
            self.delete(done.after, policy="Retain" if retained else "Delete")
            return
        row = dict(done.before)
        if done.kind == "replaced":
            self.delete(done.after, policy="Delete", keep_row=True)
        else:
            self._status(row, "UPDATE_IN_PROGRESS")
            with self._reporting(row, "UPDATE"):
                request = self._request(row, old=done.after["properties"])
                outcome = _kind(row["ResourceType"]).update(request)
            row["PhysicalResourceId"], row["attributes"] = outcome.physical_id, outcome.attributes
        self._status(row, "UPDATE_COMPLETE")

    def _create(self, row: Document, replaced: Document | None) -> None:
        verb = "CREATE" if replaced is None else "UPDATE"
        row["PhysicalResourceId"], row["attributes"] = "", {}
        reason = (
            "" if replaced is None else "Requested update requires the creation of a new physical resource."
        )
        self._status(row, f"{verb}_IN_PROGRESS", reason)
        # Listed before it is made: what exists after half a creation has to be deleted as well.
        self.journal.append(Done("created" if replaced is None else "replaced", replaced, row))
        with self._reporting(row, verb):
            outcome = _kind(row["ResourceType"]).create(self._request(row))
        self._succeeded(row, outcome, verb)

    def _change(self, row: Document, existing: Document) -> None:
        kind = _kind(row["ResourceType"])
        try:
            replacing = kind.needs_replacement(existing["properties"], row["properties"])
            if replacing:
                check_rename(kind, existing["properties"], row["properties"])
        except RefusedError as error:
            if not self.undoing:
                raise self._failed(dict(existing), "UPDATE", str(error)) from error
            row["properties"] = existing["properties"]
            self._status(row, "UPDATE_COMPLETE", str(error))
            return
        if replacing:
            self._create(row, existing)
            return
        self._status(row, "UPDATE_IN_PROGRESS")
        self.journal.append(Done("updated", existing, row))
        with self._reporting(row, "UPDATE"):
            outcome = kind.update(self._request(row, old=existing["properties"]))
        if outcome.physical_id != existing["PhysicalResourceId"]:
            self.journal[-1] = Done("replaced", existing, row)
        self._succeeded(row, outcome, "UPDATE")

    def _succeeded(self, row: Document, outcome: Outcome, verb: str) -> None:
        row["PhysicalResourceId"], row["attributes"] = outcome.physical_id, outcome.attributes
        self._status(row, f"{verb}_COMPLETE")

    def _row(
        self, logical_id: str, declaration: Document, desired: Desired, existing: Document | None
    ) -> Document:
        return {
            "LogicalResourceId": logical_id,
            "PhysicalResourceId": existing["PhysicalResourceId"] if existing else "",
            "ResourceType": declaration["Type"],
            "ResourceStatus": existing["ResourceStatus"] if existing else "CREATE_IN_PROGRESS",
            "Timestamp": existing["Timestamp"] if existing else utcnow(),
            "attributes": existing["attributes"] if existing else {},
            "properties": {},
            "deletion_policy": declaration.get("DeletionPolicy", "Delete"),
            "update_replace_policy": declaration.get("UpdateReplacePolicy", "Delete"),
            "needs": sorted(dependencies(desired.document)[logical_id]),
        }

    def _request(self, row: Document, old: Document | None = None) -> Request:
        def created(physical_id: str) -> None:
            row["PhysicalResourceId"] = physical_id
            self.store.put_resource(self.stack, row)

        kind = _kind(row["ResourceType"])
        return Request(
            aws=self.aws,
            stack_name=self.stack["StackName"],
            stack_id=self.stack["StackId"],
            logical_id=row["LogicalResourceId"],
            type=row["ResourceType"],
            properties=row["properties"],
            name=kind.physical_name(row["properties"], self.stack["StackName"], row["LogicalResourceId"]),
            created=created,
            physical_id=row["PhysicalResourceId"],
            attributes=row["attributes"],
            old=old or {},
        )

    def _status(self, row: Document, status: str, reason: str = "", *, stored: bool = True) -> None:
        row |= {"ResourceStatus": status, "ResourceStatusReason": reason, "Timestamp": utcnow()}
        if stored:
            self.store.put_resource(self.stack, row)
        self.store.add_event(self.stack, row, self.token)

    def _failed(self, row: Document, verb: str, reason: str) -> StepError:
        self._status(row, f"{verb}_FAILED", reason)
        return StepError(row["LogicalResourceId"], reason)

    @contextmanager
    def _reporting(self, row: Document, verb: str) -> Iterator[None]:
        """Turn an error of an API or of a resource type into the resource's failed status."""
        try:
            yield
        except ServiceError as error:
            raise self._failed(row, verb, f"{error.message} (Error Code: {error.code})") from error
        except RefusedError as error:
            raise self._failed(row, verb, str(error)) from error
        except Exception as error:  # a stack must end in a status, whatever goes wrong
            log.exception("%s of %s", verb, row["LogicalResourceId"])
            raise self._failed(row, verb, f"Internal failure: {error!r}") from error


def _kind(name: str) -> ResourceType:
    kind = resource_type(name)
    if kind is None:
        raise ServiceError("ValidationError", f"Unrecognized resource type {name}")
    return kind


def desired_properties(declaration: Document, desired: Desired) -> Document:
    """The resolved properties of a resource, the stack's tags among its own."""
    properties: Document = desired.resolver.resolve(declaration.get("Properties") or {})
    kind = _kind(declaration["Type"])
    if desired.tags and kind.properties is not None and "Tags" in kind.properties:
        properties["Tags"] = kind.with_stack_tags(properties.get("Tags"), desired.tags)
    return properties


def check_rename(kind: ResourceType, old: Document, new: Document) -> None:
    """Raises RefusedError when a replacement would carry the name of what it replaces."""
    name = kind.name_property
    if name and name in new and new[name] == old.get(name):
        raise RefusedError(
            "CloudFormation cannot update a stack when a custom-named resource requires replacing. "
            f"Rename {new[name]} and update the stack again."
        )
